using System.Reflection;
using Refit;

namespace LifecycleManager.Protocol.Marathon;

/// <summary>How <see cref="IMarathonApi"/> is read and written.</summary>
public static class MarathonApi
{
    /// <summary>Refit's settings, with the generated serializers.</summary>
    public static RefitSettings Settings { get; } = new(
        new SystemTextJsonContentSerializer(MarathonJson.Default.Options), new ParameterFormatter());

    /// <summary>A client over an <see cref="HttpClient"/> whose base address is the scheduler's.</summary>
    public static IMarathonApi For(HttpClient client) => RestService.For<IMarathonApi>(client, Settings);

    // .NET writes True; Marathon's documentation, and whoever compares text, has true.
    private sealed class ParameterFormatter : DefaultUrlParameterFormatter
    {
        public override string? Format(object? value, ICustomAttributeProvider attributeProvider, Type type) =>
            value is bool truth ? truth ? "true" : "false" : base.Format(value, attributeProvider, type);
    }
}
