using System.Globalization;
using System.Text.Json;

namespace LifecycleManager.Decisions.Tools.Replay;

/// <summary>Recorded metrics on an even grid of time: columns by name, NaN where nothing was recorded.</summary>
internal sealed class ReplayData
{
    private const string HistoryHeader = "time,app,name,value";

    /// <summary>The columns that a manager's history of one app has beside its metrics.</summary>
    private static readonly string[] OwnColumns = ["instances", "running", "healthy", "desired"];

    private ReplayData(DateTimeOffset start, TimeSpan step, TimeSpan lag, Dictionary<string, double[]> columns)
    {
        Lag = lag;
        (Start, Step, Columns) = (start, step, columns);
        Length = columns.Values.Max(column => column.Length);
        Apps = new SortedDictionary<string, IReadOnlyDictionary<string, double[]>>(columns.Where(column => IsOfApp(column.Key))
            .GroupBy(column => column.Key[..column.Key.IndexOf(':', StringComparison.Ordinal)]).ToDictionary(
                app => app.Key,
                app => (IReadOnlyDictionary<string, double[]>)app.ToDictionary(
                    column => column.Key[(app.Key.Length + 1)..], column => column.Value, StringComparer.Ordinal)),
            StringComparer.Ordinal);
    }

    public DateTimeOffset Start { get; }

    public TimeSpan Step { get; }

    /// <summary>How old values are when they are decided on.</summary>
    public TimeSpan Lag { get; }

    public int Length { get; }

    public IReadOnlyDictionary<string, double[]> Columns { get; }

    /// <summary>The columns <c>APP:METRIC</c>, by app and metric; none where one app alone was recorded.</summary>
    public IReadOnlyDictionary<string, IReadOnlyDictionary<string, double[]>> Apps { get; }

    /// <summary>
    /// Reads what was recorded: CSV with a header and the time first (Unix seconds or milliseconds, or ISO 8601), a Prometheus
    /// range query's answer, or this manager's own history and decisions (<c>GET /v1/history</c>, <c>/v1/decisions</c>). Where
    /// they are of several apps the columns are <c>APP:METRIC</c>.
    /// </summary>
    /// <param name="text">The file's text.</param>
    /// <param name="name">The column's name for an answer whose series has no name of its own; or null.</param>
    /// <exception cref="FormatException">The text is none of these; the message says where it stops being one.</exception>
    public static Dictionary<string, SortedList<long, double>> Read(string text, string? name)
    {
        var head = text.AsSpan().TrimStart();
        try
        {
            return head is ['{' or '[', ..] ? ReadJson(text, name) : ReadCsv(text);
        }
        catch (JsonException e)
        {
            throw new FormatException($"could not be parsed as JSON: {e.Message}");
        }
    }

    /// <summary>
    /// Whether a recording is this manager's own, whose values are those that it decided on: its history, of one app or of all,
    /// or its decisions.
    /// </summary>
    public static bool IsHistory(string text)
    {
        var head = text.AsSpan().TrimStart();
        if (head is ['[', ..] or ['{', ..]) return text.Contains("\"at\"", StringComparison.Ordinal);
        var end = head.IndexOfAny('\r', '\n');
        var header = (end < 0 ? head : head[..end]).ToString();
        return header == HistoryHeader
            || (header.Split(',', '\t') is ["time", .. var columns] && OwnColumns.All(column => columns.Contains(column)));
    }

    private static bool IsOfApp(string column) => column is ['/', ..] && column.IndexOf(':', StringComparison.Ordinal) > 1;

    /// <summary>Puts recorded columns on one grid. The step is the median distance of the samples unless given.</summary>
    public static ReplayData Align(
        Dictionary<string, SortedList<long, double>> recorded, TimeSpan? step, int maxRows, TimeSpan lag)
    {
        var filled = recorded.Where(column => column.Value.Count > 0).ToList();
        if (filled.Count == 0) throw new FormatException("there is no sample in the data");
        var first = filled.Min(column => column.Value.Keys[0]);
        var last = filled.Max(column => column.Value.Keys[^1]);
        var width = (long)(step?.TotalMilliseconds ?? Median(filled.MaxBy(column => column.Value.Count).Value.Keys));
        var rows = ((last - first) / width) + 1;
        if (rows > maxRows) throw new FormatException($"the data would take {rows} steps of {width} ms; give a longer step");
        var columns = new Dictionary<string, double[]>(StringComparer.Ordinal);
        foreach (var (column, samples) in filled)
        {
            var values = new double[rows];
            Array.Fill(values, double.NaN);
            foreach (var (at, value) in samples) values[(at - first) / width] = value;
            // A sample stays good for a while, as Prometheus' lookback has it: five minutes or two steps.
            var good = Math.Max(2, 300_000 / width);
            var (held, age) = (double.NaN, 0L);
            for (var i = 0; i < values.Length; i++)
            {
                if (!double.IsNaN(values[i])) (held, age) = (values[i], 0);
                else if (++age < good) values[i] = held;
            }

            columns[column] = values;
        }

        return new ReplayData(DateTimeOffset.FromUnixTimeMilliseconds(first), TimeSpan.FromMilliseconds(width), lag, columns);
    }

    private static long Median(IList<long> times)
    {
        if (times.Count < 2) return 60_000;
        var gaps = new List<long>(times.Count - 1);
        for (var i = 1; i < times.Count; i++) gaps.Add(times[i] - times[i - 1]);
        gaps.Sort();
        return Math.Max(1, gaps[gaps.Count / 2]);
    }

    private static Dictionary<string, SortedList<long, double>> ReadCsv(string text)
    {
        if (text.StartsWith(HistoryHeader, StringComparison.Ordinal)) return ReadHistory(text);
        var recorded = new Dictionary<string, SortedList<long, double>>(StringComparer.Ordinal);
        var reader = new StringReader(text);
        string[]? header = null;
        var separator = ',';
        for (var line = 1; reader.ReadLine() is { } row; line++)
        {
            if (string.IsNullOrWhiteSpace(row) || row[0] == '#') continue;
            if (header is null)
            {
                separator = row.Contains(';', StringComparison.Ordinal) ? ';' : row.Contains('\t', StringComparison.Ordinal)
                    ? '\t' : ',';
                header = [.. row.Split(separator).Select(cell => cell.Trim().Trim('"'))];
                if (header.Length < 2 || header.Distinct().Count() != header.Length)
                    throw new FormatException("the header must name the time and at least one metric, each once");
                for (var i = 1; i < header.Length; i++) recorded[header[i]] = new SortedList<long, double>();
                continue;
            }

            var cells = row.Split(separator);
            if (cells.Length != header.Length)
                throw new FormatException($"line {line}: {cells.Length} cells, but the header has {header.Length}");
            var at = Time(cells[0].Trim().Trim('"')) ?? throw new FormatException($"line {line}: '{cells[0]}' is not a time");
            for (var i = 1; i < cells.Length; i++)
            {
                var cell = cells[i].AsSpan().Trim().Trim('"');
                if (cell.IsEmpty || cell is "NaN") continue;
                if (!double.TryParse(cell, NumberStyles.Float, CultureInfo.InvariantCulture, out var value))
                    throw new FormatException($"line {line}: '{cells[i]}' is not a number");
                if (double.IsFinite(value)) recorded[header[i]][at] = value;
            }
        }

        return recorded;
    }

    /// <summary>The manager's history of all apps: one value a line.</summary>
    private static Dictionary<string, SortedList<long, double>> ReadHistory(string text)
    {
        var recorded = new Dictionary<string, SortedList<long, double>>(StringComparer.Ordinal);
        var lines = text.Split('\n');
        for (var i = 1; i < lines.Length; i++)
        {
            if (string.IsNullOrWhiteSpace(lines[i])) continue;
            var cells = lines[i].TrimEnd('\r').Split(',');
            // A name may hold commas; a time, an app and a value hold none.
            if (cells.Length < 4 || Time(cells[0]) is not { } at
                || !double.TryParse(cells[^1], NumberStyles.Float, CultureInfo.InvariantCulture, out var value))
            {
                throw new FormatException($"line {i + 1}: '{lines[i]}' is not a time, an app, a name and a value");
            }

            var name = string.Join(',', cells[2..^1]);
            if (name is ['"', .. var inner, '"']) name = inner.Replace("\"\"", "\"", StringComparison.Ordinal);
            var column = $"{cells[1]}:{name}";
            if (!recorded.TryGetValue(column, out var samples)) recorded.Add(column, samples = new SortedList<long, double>());
            if (double.IsFinite(value)) samples[at] = value;
        }

        return recorded;
    }

    private static Dictionary<string, SortedList<long, double>> ReadJson(string text, string? name)
    {
        using var document = JsonDocument.Parse(text);
        var recorded = new Dictionary<string, SortedList<long, double>>(StringComparer.Ordinal);
        var root = document.RootElement;
        if (root.ValueKind == JsonValueKind.Object) RefusePart(root);
        if (root.ValueKind == JsonValueKind.Object && root.TryGetProperty("data", out var data)
            && data.ValueKind == JsonValueKind.Object)
        {
            ReadPrometheus(data, name, recorded);
            return recorded;
        }

        var decisions = root.ValueKind == JsonValueKind.Object && root.TryGetProperty("decisions", out var list) ? list : root;
        if (decisions.ValueKind != JsonValueKind.Array)
            throw new FormatException("expected a Prometheus answer with 'data', or a list of decisions");
        var several = decisions.EnumerateArray().Select(App).OfType<string>().Distinct().Take(2).Count() > 1;
        foreach (var decision in decisions.EnumerateArray())
        {
            var of = several && App(decision) is { } app ? app + ":" : "";
            if (decision.ValueKind != JsonValueKind.Object || !decision.TryGetProperty("at", out var time)
                || time.ValueKind != JsonValueKind.String
                || Time(time.GetString()!) is not { } at)
            {
                throw new FormatException("a decision has no time 'at'");
            }

            if (decision.TryGetProperty("to", out var to) && to.TryGetInt32(out var count)) Column(of + "instances")[at] = count;
            if (!decision.TryGetProperty("metrics", out var metrics) || metrics.ValueKind != JsonValueKind.Object) continue;
            foreach (var metric in metrics.EnumerateObject())
            {
                if (metric.Value.ValueKind == JsonValueKind.Number) Column(of + metric.Name)[at] = metric.Value.GetDouble();
            }
        }

        return recorded;

        static string? App(JsonElement decision) => decision.ValueKind == JsonValueKind.Object
            && decision.TryGetProperty("app", out var app) && app.ValueKind == JsonValueKind.String ? app.GetString() : null;

        SortedList<long, double> Column(string column)
        {
            if (!recorded.TryGetValue(column, out var samples)) recorded.Add(column, samples = new SortedList<long, double>());
            return samples;
        }
    }

    // A server that fails, or that warns, may have answered a part of the whole.
    private static void RefusePart(JsonElement answer)
    {
        if (answer.TryGetProperty("status", out var status) && status.ValueEquals("error"))
            throw new FormatException("the server answers an error: "
                + (answer.TryGetProperty("error", out var error) ? error.ToString() : "without a reason"));
        if (answer.TryGetProperty("warnings", out var warnings) && warnings.ValueKind == JsonValueKind.Array
            && warnings.GetArrayLength() > 0)
        {
            throw new FormatException("the server warns, so that this may be a part of the whole: "
                + string.Join("; ", warnings.EnumerateArray().Take(3)));
        }
    }

    private static void ReadPrometheus(JsonElement data, string? name, Dictionary<string, SortedList<long, double>> recorded)
    {
        if (!data.TryGetProperty("result", out var result) || result.ValueKind != JsonValueKind.Array
            || !data.TryGetProperty("resultType", out var type) || type.ValueKind != JsonValueKind.String
            || type.GetString() != "matrix")
        {
            throw new FormatException("expected the answer of a range query (a matrix)");
        }

        foreach (var series in result.EnumerateArray())
        {
            if (series.ValueKind != JsonValueKind.Object || !series.TryGetProperty("values", out var values)
                || values.ValueKind != JsonValueKind.Array)
            {
                var isNative = series.ValueKind == JsonValueKind.Object && series.TryGetProperty("histograms", out _);
                throw new FormatException("a series has no 'values'"
                    + (isNative ? ": it is of native histograms; ask for a quantile or a rate" : ""));
            }

            var own = series.TryGetProperty("metric", out var metric) && metric.ValueKind == JsonValueKind.Object
                && metric.TryGetProperty("__name__", out var label) ? label.ToString() : null;
            var column = name ?? own
                ?? throw new FormatException("the series has no name of its own; say which metric it is: NAME=FILE");
            if (!recorded.TryGetValue(column, out var samples)) recorded.Add(column, samples = new SortedList<long, double>());
            foreach (var pair in values.EnumerateArray())
            {
                if (pair.ValueKind != JsonValueKind.Array || pair.GetArrayLength() != 2
                    || pair[0].ValueKind != JsonValueKind.Number
                    || !double.TryParse(pair[1].ToString(), NumberStyles.Float, CultureInfo.InvariantCulture, out var value))
                {
                    throw new FormatException($"'{column}' has a sample that is none");
                }

                var at = (long)Math.Round(pair[0].GetDouble() * 1000);
                // Several series of one name are instances of one total.
                if (double.IsFinite(value)) samples[at] = samples.GetValueOrDefault(at) + value;
            }
        }
    }

    /// <summary>Milliseconds since 1970; null for no time.</summary>
    private static long? Time(string text)
    {
        if (double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number))
        {
            var milliseconds = number < 1e11 ? number * 1000 : number;
            return milliseconds is >= 0 and < 2.5e14 ? (long)Math.Round(milliseconds) : null;
        }

        return DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time)
            && time.Year > 1969
            ? time.ToUnixTimeMilliseconds()
            : null;
    }
}
