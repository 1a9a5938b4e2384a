using System.Diagnostics;
using System.Globalization;

namespace LifecycleManager.EndToEnd.Tests.Faults;

/// <summary>
/// What really runs, as the kernel shows it: the tasks by the mark in their environment, looked at all the time. Notes whatever
/// breaks a promise, be it for a moment.
/// </summary>
internal sealed class TaskWatch : IAsyncDisposable
{
    private const int Looks = 3;
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);
    private readonly string _mark;
    private readonly CancellationTokenSource _ends = new();
    private readonly Lock _lock = new();
    private readonly Dictionary<string, (int Least, int Most)> _bounds = new(StringComparer.Ordinal);
    private readonly HashSet<string> _broken = [];
    private readonly Task _watching;

    /// <param name="variable">Name and value of a variable that all tasks have and nobody else.</param>
    public TaskWatch(string variable)
    {
        _mark = variable + '\0';
        _watching = Task.Run(WatchAsync);
    }

    /// <summary>What was broken since the last question.</summary>
    public IReadOnlyCollection<string> TakeBroken()
    {
        lock (_lock)
        {
            string[] broken = [.. _broken];
            _broken.Clear();
            return broken;
        }
    }

    /// <summary>How many tasks of an app may run from now on.</summary>
    public void Bound(string app, int least, int most)
    {
        lock (_lock) _bounds[app] = (least, most);
    }

    /// <summary>The tasks that run now, with their processes.</summary>
    public IReadOnlyList<RunningTask> Look()
    {
        var found = new Dictionary<string, (string App, List<int> Pids)>(StringComparer.Ordinal);
        foreach (var directory in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(directory), CultureInfo.InvariantCulture, out var pid)) continue;
            try
            {
                var environment = File.ReadAllText(Path.Combine(directory, "environ"));
                if (!environment.Contains(_mark, StringComparison.Ordinal)) continue;
                var task = Variable(environment, "MESOS_TASK_ID");
                if (!found.TryGetValue(task, out var entry)) found[task] = entry = (Variable(environment, "MARATHON_APP_ID"), []);

                // The task itself; the shell above it is the agent's.
                if (File.ReadAllText(Path.Combine(directory, "comm")).Trim() == "sleep") entry.Pids.Add(pid);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // It has ended, or is nobody's business.
            }
        }

        return [.. found.Select(entry => new RunningTask(entry.Key, entry.Value.App, entry.Value.Pids))];
    }

    /// <summary>Ends what is left.</summary>
    public void KillAll()
    {
        foreach (var pid in Look().SelectMany(task => task.Pids))
        {
            try
            {
                using var process = Process.GetProcessById(pid);
                process.Kill();
            }
            catch (Exception e) when (e is ArgumentException or InvalidOperationException)
            {
                // It has ended.
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _ends.CancelAsync();
        await _watching;
        _ends.Dispose();
    }

    private static string Variable(string environment, string name)
    {
        var start = ('\0' + environment).IndexOf('\0' + name + '=', StringComparison.Ordinal);
        if (start < 0) return "";
        start += name.Length + 1;
        return environment[start..environment.IndexOf('\0', start)];
    }

    private async Task WatchAsync()
    {
        while (!_ends.IsCancellationRequested)
        {
            // A look is no moment: what begins or ends meanwhile may be seen or not. What several looks show was there.
            HashSet<string>? problems = null;
            for (var i = 0; i < Looks && problems is not { Count: 0 }; i++)
            {
                var seen = Problems(Look());
                if (problems is null) problems = seen;
                else problems.IntersectWith(seen);
            }

            lock (_lock) _broken.UnionWith(problems!);
            await Task.Delay(Interval, _ends.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private HashSet<string> Problems(IReadOnlyList<RunningTask> tasks)
    {
        var problems = new HashSet<string>();
        foreach (var task in tasks.Where(task => task.Pids.Count > 1))
            problems.Add($"task {task.Id} runs {task.Pids.Count} times at once");
        lock (_lock)
        {
            foreach (var (app, (least, most)) in _bounds)
            {
                var count = tasks.Count(task => task.App == app);
                if (count < least) problems.Add($"{app} has {count} tasks, fewer than {least}");
                if (count > most) problems.Add($"{app} has {count} tasks, more than {most}");
            }
        }

        return problems;
    }
}

/// <summary>A task as the kernel shows it.</summary>
internal sealed record RunningTask(string Id, string App, IReadOnlyList<int> Pids);
