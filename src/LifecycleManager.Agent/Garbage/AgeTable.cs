using System.Text.Json.Serialization;
using LifecycleManager.Agent.Checkpoints;

namespace LifecycleManager.Agent.Garbage;

/// <summary>
/// How long things have been there, counted by the monotonic clock and kept in a file: never too old, too young by what the agent
/// was away. Not for several threads.
/// </summary>
/// <param name="path">The file.</param>
/// <param name="time">The clock.</param>
internal sealed class AgeTable(string path, TimeProvider time)
{
    private readonly Dictionary<string, double> _seconds = DurableFile.Read(path, AgeJson.Default.DictionaryStringDouble)
        ?.Where(age => age.Value >= 0).ToDictionary(StringComparer.Ordinal) ?? new(StringComparer.Ordinal);
    private long _countedAt = time.GetTimestamp();

    /// <summary>What is counted.</summary>
    public IReadOnlyCollection<string> Names => _seconds.Keys;

    /// <summary>Whether something is counted.</summary>
    public bool Has(string name) => _seconds.ContainsKey(name);

    /// <summary>How old something is; zero where it is not counted.</summary>
    public TimeSpan Age(string name)
    {
        Count();
        return TimeSpan.FromSeconds(_seconds.GetValueOrDefault(name));
    }

    /// <summary>Counts something from now on, also what was counted before.</summary>
    public void Begin(string name)
    {
        Count();
        _seconds[name] = 0;
    }

    /// <summary>Counts something no more.</summary>
    public void Forget(string name) => _seconds.Remove(name);

    /// <summary>Counts these and no others: new ones from now on.</summary>
    public void Keep(IReadOnlyCollection<string> names)
    {
        Count();
        var kept = names.ToHashSet(StringComparer.Ordinal);
        foreach (var gone in _seconds.Keys.Where(name => !kept.Contains(name)).ToList()) _seconds.Remove(gone);
        foreach (var name in kept) _seconds.TryAdd(name, 0);
    }

    /// <summary>Writes the ages down.</summary>
    /// <exception cref="IOException">The disk is full or fails: after a restart things are as old as they were last
    /// written.</exception>
    public void Save()
    {
        Count();
        if (_seconds.Count > 0 || File.Exists(path)) DurableFile.Write(path, _seconds, AgeJson.Default.DictionaryStringDouble);
    }

    private void Count()
    {
        var now = time.GetTimestamp();
        var passed = time.GetElapsedTime(_countedAt, now).TotalSeconds;
        _countedAt = now;
        foreach (var name in _seconds.Keys.ToList()) _seconds[name] += passed;
    }
}

[JsonSerializable(typeof(Dictionary<string, double>))]
internal sealed partial class AgeJson : JsonSerializerContext;
