using LifecycleManager.Cli.Commands;
using LifecycleManager.Cli.Configuration;
using Microsoft.Extensions.Configuration;

namespace LifecycleManager.Cli.Tests.Commands;

/// <summary>A run of <c>lcm</c>'s command line in this process, with no settings but its options.</summary>
internal sealed record Lcm(int Code, string Output, string Error)
{
    public static Task<Lcm> RunAsync(params string[] arguments) =>
        RunAsync(new Dictionary<string, string?>(), default, arguments);

    /// <summary>The same, with settings from elsewhere, and a signal.</summary>
    public static async Task<Lcm> RunAsync(IReadOnlyDictionary<string, string?> given, CancellationToken stop,
        params string[] arguments)
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(given).Build();
        using var output = new StringWriter();
        using var error = new StringWriter();
        var code = await CommandLine.RunAsync(arguments, () => new Settings(configuration), output, error, stop: stop);
        return new Lcm(code, output.ToString(), error.ToString());
    }
}
