using LifecycleManager.Cli.Commands;
using LifecycleManager.Cli.Configuration;
using Microsoft.Extensions.Configuration;

namespace LifecycleManager.Cli.Tests.Commands.Operating;

/// <summary><c>lcm up</c> in this process, on free ports with a work directory of its own; its tasks are real
/// processes.</summary>
public sealed class RunningRoles : IAsyncLifetime
{
    private readonly string _directory = Directory.CreateTempSubdirectory("lcm-operating-").FullName;
    private readonly CancellationTokenSource _stop = new();
    private readonly TaskCompletionSource<RunningStack> _up = new();
    private readonly StringWriter _error = new();
    private readonly TextWriter _shared;
    private Task<int>? _run;
    private RunningStack? _stack;

    public RunningRoles() => _shared = TextWriter.Synchronized(_error);

    /// <summary>A directory for a test's files.</summary>
    public string Files => _directory;

    public async ValueTask InitializeAsync()
    {
        var rules = Path.Combine(_directory, "rules");
        Directory.CreateDirectory(rules);
        await File.WriteAllTextAsync(Path.Combine(rules, "held.yml"),
            "policy: held\napp: /held\ninstances: { min: 2, max: 2 }\nmetrics: { cpu: { container: cpu, across: avg } }\n"
            + "rules:\n  - { rule: busy, target: { metric: cpu, value: 0.6 } }\n");
        string[] arguments =
        [
            "up", "--work-dir", Path.Combine(_directory, "work"), "--rules", rules, "--stop-tasks", "--tick", "1s",
            "--master-port", $"{Server.FreePort()}", "--agent-port", $"{Server.FreePort()}",
            "--scheduler-port", $"{Server.FreePort()}", "--manager-port", $"{Server.FreePort()}",
        ];
        _run = CommandLine.RunAsync(arguments, () => new Settings(new ConfigurationBuilder().Build()), TextWriter.Null, _shared,
            (stack, _) =>
            {
                _up.SetResult(stack);
                return Task.CompletedTask;
            }, _stop.Token);
        await Task.WhenAny(_up.Task, _run);
        _stack = _up.Task.IsCompletedSuccessfully ? _up.Task.Result : throw new InvalidOperationException(Log);
        await Eventually.TrueAsync(async () => (await RunAsync("agent", "list", "-o", "name")).Output.Length > 0, "an agent");
        await Eventually.TrueAsync(async () => (await RunAsync("app", "list")).Code == 0, "a leading scheduler");
    }

    /// <summary>What the roles have logged.</summary>
    public string Log
    {
        get
        {
            lock (_shared) return _error.ToString();
        }
    }

    /// <summary>The manager.</summary>
    public Uri Manager => _stack!.Manager!;

    /// <summary>Runs a command against these roles.</summary>
    internal Task<Lcm> RunAsync(params string[] arguments) => RunAsync(default, arguments);

    /// <summary>The same, with a signal.</summary>
    internal Task<Lcm> RunAsync(CancellationToken stop, params string[] arguments) => Lcm.RunAsync(Given, stop, arguments);

    /// <summary>The same, with its output to somebody who looks at it while it runs.</summary>
    internal Task<Lcm> RunAsync(TextWriter output, CancellationToken stop, params string[] arguments) =>
        Lcm.RunAsync(Given, output, stop, arguments);

    private Dictionary<string, string?> Given => new()
    {
        ["scheduler"] = $"{_stack!.Scheduler}",
        ["master"] = $"{_stack.Master}",
        ["manager"] = $"{_stack.Manager}",
    };

    /// <summary>What has an <c>lcm</c> process ask these roles.</summary>
    internal Dictionary<string, string> Variables => new()
    {
        ["LCM_SCHEDULER"] = $"{_stack!.Scheduler}",
        ["LCM_MASTER"] = $"{_stack.Master}",
        ["LCM_MANAGER"] = $"{_stack.Manager}",
    };

    /// <summary>Runs a command that has to succeed; what it printed.</summary>
    internal async Task<string> DoneAsync(params string[] arguments)
    {
        var run = await RunAsync(arguments);
        Assert.True(run.Code == 0, $"lcm {string.Join(' ', arguments)}: {run.Code}\n{run.Error}\n{run.Output}");
        return run.Output.ReplaceLineEndings("\n");
    }

    /// <summary>Writes a definition, and says where.</summary>
    internal string Write(string name, string text)
    {
        var path = Path.Combine(_directory, name);
        File.WriteAllText(path, text);
        return path;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        if (_run is not null) await _run;
        _stop.Dispose();
        _error.Dispose();
        Directory.Delete(_directory, recursive: true);
    }
}

/// <summary>The tests that share these roles run one after the other.</summary>
[CollectionDefinition(Name)]
public sealed class RunningRolesCollection : ICollectionFixture<RunningRoles>
{
    internal const string Name = "running roles";
}
