using Refit;

namespace LifecycleManager.Protocol.Marathon;

/// <summary>How <see cref="IMarathonApi"/> is read and written.</summary>
public static class MarathonApi
{
    /// <summary>Refit's settings, with the generated serializers.</summary>
    public static RefitSettings Settings { get; } = new(new SystemTextJsonContentSerializer(MarathonJson.Default.Options));

    /// <summary>A client over an <see cref="HttpClient"/> whose base address is the scheduler's.</summary>
    public static IMarathonApi For(HttpClient client) => RestService.For<IMarathonApi>(client, Settings);
}
