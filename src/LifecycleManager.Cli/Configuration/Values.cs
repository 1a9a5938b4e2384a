using System.Globalization;
using System.Net;
using LifecycleManager.Decisions.Policies;
using LifecycleManager.Primitives.Timing;

namespace LifecycleManager.Cli.Configuration;

/// <summary>How the values of options are read. Each throws <see cref="FormatException"/> with what is wrong.</summary>
internal static class Values
{
    public static string Text(string text) => text.Length > 0 ? text : throw new FormatException("a value is needed");

    /// <summary>The path of a file that can be read.</summary>
    public static string ReadableFile(string path)
    {
        using var file = File.OpenRead(Text(path));
        return path;
    }

    public static int Port(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port <= 65535
            ? port
            : throw new FormatException("a port from 0 (any free one) to 65535 is needed");

    public static Func<string, int> Count(int min, int max) => text =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= min && number <= max
            ? number
            : throw new FormatException($"a number from {min} to {max} is needed");

    /// <summary>A number, or a share in percent.</summary>
    public static double Number(string text)
    {
        var percent = text.EndsWith('%');
        return double.TryParse(text.AsSpan(0, text.Length - (percent ? 1 : 0)), NumberStyles.Float, CultureInfo.InvariantCulture,
            out var number)
            && double.IsFinite(number)
                ? percent ? number / 100 : number
                : throw new FormatException("a number such as 0.8, 80% or 120 is needed");
    }

    /// <summary>Values that are separated by commas.</summary>
    public static IReadOnlyList<string> List(string text) =>
        text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);

    /// <summary>A number, or a share in percent, within bounds.</summary>
    public static Func<string, double> Number(double min, double max) => text =>
        Number(text) is var number && number >= min && number <= max
            ? number
            : throw new FormatException(string.Create(CultureInfo.InvariantCulture, $"a number from {min} to {max} is needed"));

    /// <summary>A number of bytes: <c>512KB</c>, <c>10MB</c>, <c>2GB</c>; the units are of 1024.</summary>
    public static Func<string, long> Size(long min, long max) => text =>
    {
        var (digits, factor) = text switch
        {
            _ when text.EndsWith("KB", StringComparison.OrdinalIgnoreCase) => (text[..^2], 1L << 10),
            _ when text.EndsWith("MB", StringComparison.OrdinalIgnoreCase) => (text[..^2], 1L << 20),
            _ when text.EndsWith("GB", StringComparison.OrdinalIgnoreCase) => (text[..^2], 1L << 30),
            _ when text.EndsWith("TB", StringComparison.OrdinalIgnoreCase) => (text[..^2], 1L << 40),
            _ => throw new FormatException("a size such as 512KB, 10MB or 2GB is needed"),
        };
        if (!double.TryParse(digits, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number))
            throw new FormatException("a size such as 512KB, 10MB or 2GB is needed");
        var bytes = number * factor;
        return bytes >= min && bytes <= max
            ? (long)bytes : throw new FormatException($"from {FormatSize(min)} to {FormatSize(max)} is possible");
    };

    /// <summary>A number of bytes as <see cref="Size"/> reads it, in the largest unit that divides it.</summary>
    public static string FormatSize(long bytes) => bytes switch
    {
        >= 1L << 40 when bytes % (1L << 40) == 0 => $"{bytes >> 40}TB",
        >= 1L << 30 when bytes % (1L << 30) == 0 => $"{bytes >> 30}GB",
        >= 1L << 20 when bytes % (1L << 20) == 0 => $"{bytes >> 20}MB",
        _ => $"{bytes >> 10}KB",
    };

    /// <summary>Values that are separated by commas, at least one.</summary>
    public static IReadOnlyList<string> Words(string text) =>
        List(text) is { Count: > 0 } words ? words : throw new FormatException("words, comma separated, are needed");

    public static IPAddress Address(string text) => text switch
    {
        "localhost" => IPAddress.Loopback,
        "*" => IPAddress.Any,
        _ => IPAddress.TryParse(text, out var address) ? address : throw new FormatException("an IP address is needed"),
    };

    public static Uri Url(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is "http" or "https"
            ? url
            : throw new FormatException("an http or https address is needed");

    /// <summary>An address without credentials in it: addresses are shown and logged.</summary>
    public static Uri PlainUrl(string text) =>
        Url(text) is { UserInfo.Length: 0 } url ? url
        : throw new FormatException("an address must not hold credentials; give them as files");

    /// <summary>An address, also of a socket.</summary>
    public static Uri Endpoint(string text) =>
        text.StartsWith("unix:///", StringComparison.Ordinal) && Uri.TryCreate(text, UriKind.Absolute, out var socket)
        ? socket : PlainUrl(text);

    /// <summary>
    /// Addresses without credentials in them that are separated by commas, of one scheme and path: of one service.
    /// </summary>
    public static IReadOnlyList<Uri> PlainUrls(string text)
    {
        Uri[] urls = [.. Words(text).Select(PlainUrl)];
        return urls.All(url => url.Scheme == urls[0].Scheme && url.AbsolutePath == urls[0].AbsolutePath)
            ? urls : throw new FormatException("the addresses of one service have one scheme and path");
    }

    /// <summary>Addresses that are separated by commas, at least one.</summary>
    public static IReadOnlyList<Uri> Urls(string text) => [.. Words(text).Select(Url)];

    /// <summary>Names of hosts, comma separated.</summary>
    public static IReadOnlyList<string> HostNames(string text)
    {
        var names = text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        foreach (var name in names) Security.AllowedHosts.Check(name);
        return names;
    }

    /// <summary>A duration, in the notation of the policies.</summary>
    public static Func<string, TimeSpan> Time(TimeSpan min, TimeSpan max) => text =>
        !DurationText.TryParse(text, out var time) ? throw new FormatException("a time such as 500ms, 10s, 1m or 2h is needed")
        : time < min || time > max
        ? throw new FormatException($"from {DurationText.Format(min)} to {DurationText.Format(max)} is possible")
        : time;

    /// <summary>An instant, or how long ago it was.</summary>
    public static DateTimeOffset? Instant(string text, TimeProvider time) =>
        DurationText.TryParse(text, out var ago) ? time.GetUtcNow() - ago
        : DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var instant) ? instant
        : throw new FormatException("a time such as 2026-11-24T19:00:00Z, or how long ago such as 90m, is needed");

    public static Func<string, T> Among<T>() where T : struct, Enum => text =>
        Enum.TryParse<T>(text, ignoreCase: true, out var value) && Enum.IsDefined(value)
            ? value
            : throw new FormatException($"{string.Join(", ", Enum.GetNames<T>()).ToLowerInvariant()} are known");
}
