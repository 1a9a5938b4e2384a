using LifecycleManager.Testing;

namespace LifecycleManager.EndToEnd.Tests.Faults;

/// <summary>A part of a cluster that can be made to fail and to come back.</summary>
internal sealed class Node(Func<Task> start, Func<Task> kill, Action stop, Action @continue)
{
    private bool _dead;
    private bool _stopped;

    /// <summary>A server of the test's own.</summary>
    public static Node Of(ServerProcess server) => new(server.StartAsync, server.KillAsync, server.Stop, server.Continue);

    /// <summary>SIGKILL.</summary>
    public async Task KillAsync()
    {
        _dead = true;
        await kill();
    }

    /// <summary>SIGSTOP.</summary>
    public void Stop()
    {
        _stopped = true;
        stop();
    }

    /// <summary>Starts what was killed, continues what was stopped.</summary>
    public async Task ReturnAsync()
    {
        if (_stopped) @continue();
        if (_dead) await start();
        _stopped = _dead = false;
    }
}

/// <summary>An <c>lcm</c> process at an address that it keeps.</summary>
internal sealed class LcmNode(
    string directory, int port, IReadOnlyList<string> arguments, NodeClock? clock = null, string program = LcmNode.ThisRelease)
    : IAsyncDisposable
{
    /// <summary>The program that these tests were built with.</summary>
    public const string ThisRelease = "lcm.dll";

    private static readonly IReadOnlyDictionary<string, string> NoVariables = new Dictionary<string, string>();

    private readonly List<string> _former = [];
    private LcmProcess _process = LcmProcess.StartProgram(program, directory, clock?.Variables ?? NoVariables, arguments);

    public Uri Address { get; } = new($"http://127.0.0.1:{port}");

    public string Output => string.Join("\n--- started again ---\n", [.. _former, _process.Output]);

    /// <summary>The clock on its wall; null where it has the machine's.</summary>
    public NodeClock? Clock => clock;

    /// <summary>SIGTERM, and started again by whoever calls.</summary>
    public Node Ended() => new(StartAsync, () => _process.TerminateAsync(TimeSpan.FromSeconds(60)), () => _process.Stop(),
        () => _process.Continue());

    public Node Node() => new(StartAsync, () => _process.KillAsync(), () => _process.Stop(), () => _process.Continue());

    /// <summary>SIGTERM, and started again at once with the program of another release.</summary>
    public async Task ReplaceAsync(string by)
    {
        Assert.Equal(0, await _process.TerminateAsync(TimeSpan.FromSeconds(60)));
        program = by;
        await StartAsync();
    }

    public ValueTask DisposeAsync() => _process.DisposeAsync();

    private async Task StartAsync()
    {
        _former.Add(_process.Output);
        await _process.DisposeAsync();
        _process = LcmProcess.StartProgram(program, directory, clock?.Variables ?? NoVariables, arguments);
    }
}
