using System.Globalization;

namespace BrownField.Actuator;

/// <summary>What the machine says of itself; a number that it does not tell is -1, as Java has it.</summary>
internal sealed class Machine(TimeProvider time)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);
    private readonly Lock _lock = new();
    private (long At, TimeSpan Process, long Busy, long Total) _last = (time.GetTimestamp(), ProcessTime(), 0, 0);
    private (double System, double Process) _usage = (0, 0);

    /// <summary>The part of all processors in use, and the part that this process uses, since the last look; 0 to 1.</summary>
    public (double System, double Process) CpuUsage
    {
        get
        {
            lock (_lock)
            {
                var elapsed = time.GetElapsedTime(_last.At);
                if (elapsed < Interval) return _usage;
                var (busy, total) = ReadStat();
                var process = ProcessTime();
                _usage = (
                    total < 0 ? -1 : total == _last.Total ? _usage.System
                    : Math.Clamp((double)(busy - _last.Busy) / (total - _last.Total), 0, 1),
                    Math.Clamp((process - _last.Process) / elapsed / Environment.ProcessorCount, 0, 1));
                _last = (time.GetTimestamp(), process, busy, total);
                return _usage;
            }
        }
    }

    /// <summary>Runnable processes over the last minute.</summary>
    public static double LoadAverage()
    {
        var first = ReadFirst("/proc/loadavg")?.Split(' ')[0];
        return double.TryParse(first, CultureInfo.InvariantCulture, out var load) ? load : -1;
    }

    private static TimeSpan ProcessTime() =>
        OperatingSystem.IsWindows() || OperatingSystem.IsLinux() || OperatingSystem.IsMacOS()
        ? Environment.CpuUsage.TotalTime : TimeSpan.Zero;

    /// <summary>The first line of /proc/stat: user nice system idle iowait irq softirq steal, in ticks.</summary>
    private static (long Busy, long Total) ReadStat()
    {
        var fields = ReadFirst("/proc/stat")?.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (fields is not ["cpu", ..] || fields.Length < 9) return (-1, -1);
        var ticks = fields[1..9].Select(field => long.Parse(field, CultureInfo.InvariantCulture)).ToArray();
        var total = ticks.Sum();
        return (total - ticks[3] - ticks[4], total);
    }

    private static string? ReadFirst(string path)
    {
        try
        {
            return File.ReadLines(path).FirstOrDefault();
        }
        catch (IOException)
        {
            return null;
        }
        catch (UnauthorizedAccessException)
        {
            return null;
        }
    }
}
