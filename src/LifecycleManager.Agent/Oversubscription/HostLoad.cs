using System.Globalization;

namespace LifecycleManager.Agent.Oversubscription;

/// <summary>What of the machine's cpus is in use, by tasks and by anybody else.</summary>
/// <param name="time">The clock.</param>
/// <param name="read">Reads <c>/proc/stat</c>; null where there is none.</param>
internal sealed class HostLoad(TimeProvider time, Func<string?> read)
{
    private const double TicksPerSecond = 100;
    private (long At, double Busy)? _last;

    /// <summary>The machine's own, from <c>/proc/stat</c>.</summary>
    public static string? ReadMachine()
    {
        try
        {
            return File.ReadAllText("/proc/stat");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Measures.</summary>
    /// <returns>Cpu seconds a second since the last measurement, and how many cpus there are; null with the first.</returns>
    public MachineUse? Take()
    {
        if (read() is not { } text || Parse(text) is not { } stat) return null;
        var at = time.GetTimestamp();
        var last = _last;
        _last = (at, stat.Busy);
        if (last is not { } before || time.GetElapsedTime(before.At, at).TotalSeconds is not (> 0 and var span)) return null;
        return new MachineUse(Math.Max(0, (stat.Busy - before.Busy) / span), stat.Cpus);
    }

    /// <summary>The seconds that all cpus were busy, and their number; null when the text is none.</summary>
    private static (double Busy, int Cpus)? Parse(string text)
    {
        // cpu user nice system idle iowait irq softirq steal ...; guests are part of user.
        const int Idle = 3, IoWait = 4, Last = 7;
        double? busy = null;
        var cpus = 0;
        foreach (var line in text.Split('\n'))
        {
            var fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (fields.Length <= Last || !fields[0].StartsWith("cpu", StringComparison.Ordinal)) continue;
            if (fields[0] != "cpu")
            {
                cpus++;
                continue;
            }

            double ticks = 0;
            for (var i = 0; i <= Last && i + 1 < fields.Length; i++)
            {
                if (i is Idle or IoWait) continue;
                if (!long.TryParse(fields[i + 1], NumberStyles.None, CultureInfo.InvariantCulture, out var value)) return null;
                ticks += value;
            }

            busy = ticks / TicksPerSecond;
        }

        return busy is { } seconds && cpus > 0 ? (seconds, cpus) : null;
    }
}

/// <summary>How many of a machine's cpus are in use.</summary>
/// <param name="Used">Cpu seconds a second, by anybody.</param>
/// <param name="Cpus">How many there are.</param>
internal readonly record struct MachineUse(double Used, double Cpus);
