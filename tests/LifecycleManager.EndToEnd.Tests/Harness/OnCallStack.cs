using LifecycleManager.Cli.Commands;
using LifecycleManager.Cli.Configuration;
using LifecycleManager.Testing;
using Microsoft.Extensions.Configuration;
using Xunit;

namespace LifecycleManager.EndToEnd.Tests.Harness;

/// <summary>One stack for all tasks of a night, and the command line that is all that is there to deal with it.</summary>
public sealed class OnCallStack : IAsyncLifetime
{
    /// <summary>An image of busybox.</summary>
    internal const string Image = "lcm-night";

    private readonly string _directory = Directory.CreateTempSubdirectory("lcm-night-").FullName;
    private Stack? _stack;

    public async ValueTask InitializeAsync()
    {
        using (var containers = new Containers()) await containers.MakeBusyboxAsync(Image, "1");
        _stack = await Stack.UpAsync(["--agents", "2", "--stop-tasks"], new Dictionary<string, string>
        {
            ["night.yml"] = "policy: night\napp: [ /night/held, /night/count, /night/who ]\ninstances: { min: 2, max: 2 }\n"
                + "metrics: { cpu: { container: cpu, across: avg } }\n"
                + "rules:\n  - { rule: busy, target: { metric: cpu, value: 0.6 } }\n",
        });
        await SeesAsync("active.*\n.* active", "agent", "list");
    }

    /// <summary>Runs a command that has to end with a code; what it printed.</summary>
    internal async Task<string> RunAsync(int code, params string[] words)
    {
        var (found, output) = await TryAsync(words);
        Assert.True(found == code, $"lcm {string.Join(' ', words)}: {found}, not {code}\n{output}\n{_stack!.Describe()}");
        return output;
    }

    /// <summary>The same of one that does what it is to do.</summary>
    internal Task<string> DoneAsync(params string[] words) => RunAsync(0, words);

    /// <summary>Runs a command until it shows what is looked for.</summary>
    internal async Task<string> SeesAsync(string pattern, params string[] words)
    {
        var output = "";
        return await Eventually.GetAsync(async () =>
            System.Text.RegularExpressions.Regex.IsMatch(output = (await TryAsync(words)).Output, pattern) ? output : null,
            $"'{pattern}' by lcm {string.Join(' ', words)}", TimeSpan.FromSeconds(40), () => output + _stack!.Describe());
    }

    /// <summary>Deploys an app of one command, and says nothing where it does not end well.</summary>
    internal Task<string> DeployAsync(string id, string command, string more = "", params string[] words) =>
        DoneAsync(["app", "deploy", Write($"id: {id}\ncmd: {command}\ncpus: 0.01\nmem: 32\n{more}"), .. words]);

    /// <summary>Writes a file.</summary>
    internal string Write(string text)
    {
        var path = Path.Combine(_directory, $"{Guid.NewGuid():N}.yml");
        File.WriteAllText(path, text);
        return path;
    }

    public async ValueTask DisposeAsync()
    {
        if (_stack is not null) await _stack.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }

    private async Task<(int Code, string Output)> TryAsync(string[] words)
    {
        var settings = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["scheduler"] = $"{_stack!.Scheduler.BaseAddress}",
            ["master"] = $"{_stack.Master.BaseAddress}",
            ["manager"] = $"{_stack.Manager.BaseAddress}",
        }).Build();
        using var output = new StringWriter();
        var code = await CommandLine.RunAsync(words, () => new Settings(settings), output, output);
        return (code, output.ToString().ReplaceLineEndings("\n"));
    }
}
