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
        using var output = new StringWriter();
        return await RunAsync(given, output, stop, arguments) with { Output = output.ToString() };
    }

    /// <summary>The same, with its output to somebody who looks at it while it runs.</summary>
    public static async Task<Lcm> RunAsync(IReadOnlyDictionary<string, string?> given, TextWriter output,
        CancellationToken stop, params string[] arguments)
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(given).Build();
        using var error = new StringWriter();
        var code = await CommandLine.RunAsync(arguments, () => new Settings(configuration), output, error, stop: stop);
        return new Lcm(code, "", error.ToString());
    }
}
