using LifecycleManager.Cli.Commands;
using LifecycleManager.Cli.Configuration;
using Microsoft.Extensions.Configuration;

namespace LifecycleManager.Cli.Tests.Commands;

/// <summary>A run of <c>lcm</c>'s command line in this process, with no settings but its options.</summary>
internal sealed record Lcm(int Code, string Output, string Error)
{
    public static async Task<Lcm> RunAsync(params string[] arguments)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var code = await CommandLine.RunAsync(arguments, () => new Settings(new ConfigurationBuilder().Build()), output, error);
        return new Lcm(code, output.ToString(), error.ToString());
    }
}
