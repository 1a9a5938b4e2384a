using System.Collections.Concurrent;
using System.Diagnostics;
using LifecycleManager.Benchmarks.Decisions;
using LifecycleManager.Decisions.Engine;
using LifecycleManager.Decisions.Facts;
using LifecycleManager.Decisions.Policies;
using Microsoft.Extensions.Logging.Abstractions;

namespace LifecycleManager.Benchmarks.Limits;

/// <summary>
/// 1,000 policy files in a watched directory, edited one after the other: how long until the first decision by what was written,
/// and what is left of the edits in memory.
/// </summary>
internal sealed class EditLimits : IDisposable
{
    private const int Files = 1000;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly string _path = Directory.CreateTempSubdirectory("lcm-edits-").FullName;
    private readonly DecisionEngine _engine = new();
    private readonly DecisionBenchmarks.Reader _reader = new();
    private readonly BlockingCollection<PolicySet> _changes = [];
    private readonly PolicyDirectory _directory;
    private int _edits;

    public EditLimits()
    {
        for (var file = 0; file < Files; file++)
        {
            Write(file, 0);
            _reader.Change($"/{file}");
        }

        _directory = new PolicyDirectory(_path, TimeProvider.System, NullLogger<PolicyDirectory>.Instance);
        _engine.Use(_directory.Current);
        for (var file = 0; file < Files; file++) Decide(file);
        _directory.Changed += () => _changes.Add(_directory.Current);
    }

    /// <summary>Edits one file after the other, each once the edit before it is in force.</summary>
    /// <returns>How long each took, rising.</returns>
    /// <exception cref="TimeoutException">An edit is not in force after half a minute.</exception>
    public IReadOnlyList<TimeSpan> Edit(int times)
    {
        var took = new List<TimeSpan>(times);
        for (var i = 0; i < times; i++)
        {
            var (file, version) = (_edits % Files, ++_edits);
            Write(file, version);
            var began = Stopwatch.GetTimestamp();
            do
            {
                if (!_changes.TryTake(out var policies, Patience)) throw new TimeoutException($"edit {version} is not seen");
                _engine.Use(policies);
            }
            while (Decide(file) != Minimum(version));
            took.Add(Stopwatch.GetElapsedTime(began));
        }

        took.Sort();
        return took;
    }

    /// <inheritdoc />
    public void Dispose()
    {
        _directory.Dispose();
        _changes.Dispose();
        Directory.Delete(_path, recursive: true);
    }

    private static int Minimum(int version) => 5 + version % 10;

    private void Write(int file, int version) => File.WriteAllText(Path.Combine(_path, $"{file}.yml"),
        $"policy: p{file}\napp: /{file}\n" + DecisionBenchmarks.Body
            .Replace("min: 1,", $"min: {Minimum(version)},", StringComparison.Ordinal)
            .Replace("cpu > 90%", $"cpu > {file + 1}.{version + 1}", StringComparison.Ordinal));

    /// <summary>The count that the policy in force wants of an app that runs once.</summary>
    private int Decide(int file)
    {
        var to = 0;
        _engine.DecideAll(
            [(new AppRef($"/{file}", null), new AppFacts($"/{file}", 1, 1, 0, false, DateTimeOffset.UnixEpoch))], _reader,
            (_, decision, fault) => to = fault is null ? decision!.To : throw fault);
        return to;
    }
}
