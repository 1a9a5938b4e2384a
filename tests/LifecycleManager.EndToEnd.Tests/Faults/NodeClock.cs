using System.Globalization;
using LifecycleManager.Testing;

namespace LifecycleManager.EndToEnd.Tests.Faults;

/// <summary>
/// The clock on the wall of one process, which a test sets while it runs: libfaketime between the process and the kernel. The
/// monotonic clock goes on as it is, and so it is for what the process starts, which does not inherit it.
/// </summary>
internal sealed class NodeClock
{
    private const string Library = "libfaketimeMT.so.1";
    private readonly string _file;

    /// <param name="file">A file of its own, from which the process reads its clock's error.</param>
    public NodeClock(string file)
    {
        _file = file;
        Set(TimeSpan.Zero);
        Variables = Find() is not { } library ? new Dictionary<string, string>() : new Dictionary<string, string>
        {
            ["LD_PRELOAD"] = library,
            ["FAKETIME_TIMESTAMP_FILE"] = file,
            ["FAKETIME_CACHE_DURATION"] = "1",
            ["FAKETIME_DONT_FAKE_MONOTONIC"] = "1",

            // Otherwise it takes each wait by the monotonic clock for one by the other, and no wait lasts.
            ["FAKETIME_FORCE_MONOTONIC_FIX"] = "0",
        };
    }

    /// <summary>What the process is started with.</summary>
    public IReadOnlyDictionary<string, string> Variables { get; }

    /// <summary>Whether it can be set at all.</summary>
    public bool CanBeSet => Variables.Count > 0;

    /// <summary>Sets it to so much after the machine's, or before; the process learns it within a second.</summary>
    public void Set(TimeSpan error)
    {
        var next = _file + ".next";
        File.WriteAllText(next, string.Create(CultureInfo.InvariantCulture, $"{error.TotalSeconds:+0;-0}\n"));
        File.Move(next, _file, overwrite: true);
    }

    private static string? Find()
    {
        var found = Directory.Exists("/usr/lib")
            ? Directory.EnumerateDirectories("/usr/lib").Select(directory => Path.Combine(directory, "faketime", Library))
                .FirstOrDefault(File.Exists)
            : null;
        if (found is null && Server.Required) Assert.Fail($"LCM_REQUIRE_SERVERS=1, but {Library} is not installed");
        return found;
    }
}
