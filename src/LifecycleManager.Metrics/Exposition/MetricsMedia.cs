using LifecycleManager.Metrics.Core.Queries;

namespace LifecycleManager.Metrics.Exposition;

/// <summary>The media types of metrics: which are asked for, and what an answer's type says that it is.</summary>
/// <param name="Format">How it is read, where it is text.</param>
/// <param name="IsProtobuf">Whether it is delimited protobuf.</param>
internal sealed record MetricsMedia(ExpositionFormat Format, bool IsProtobuf = false)
{
    private const string Protobuf = "application/vnd.google.protobuf";
    private const string Families = "io.prometheus.client.MetricFamily";
    private const string OpenMetrics = "application/openmetrics-text";
    private const string Text = "text/plain";

    /// <summary>The words for the formats, as labels have them.</summary>
    public static IReadOnlyList<string> Formats { get; } = ["text", "openmetrics"];

    /// <summary>The format that a label names; null where it names none.</summary>
    public static MetricsMedia? OfFormat(string word) => word switch
    {
        "text" => new MetricsMedia(ExpositionFormat.Text),
        "openmetrics" => new MetricsMedia(ExpositionFormat.OpenMetrics),
        _ => null,
    };

    /// <summary>
    /// What is asked for. Names in UTF-8 are asked for where somebody looks for such a name; else services go on to write
    /// underscores, as the policies have it that were written for them.
    /// </summary>
    /// <param name="selectors">What is looked for.</param>
    /// <param name="protobuf">Whether protobuf is asked for first, which alone carries native histograms.</param>
    public static string Accept(IEnumerable<SeriesSelector> selectors, bool protobuf = false)
    {
        var escaping = selectors.Any(IsWide) ? "allow-utf-8" : "underscores";
        var texts = $"{OpenMetrics};version=1.0.0;escaping={escaping};q=0.7,{OpenMetrics};version=0.0.1;q=0.6,"
            + $"{Text};version=1.0.0;escaping={escaping};q=0.5,{Text};version=0.0.4;q=0.4,*/*;q=0.3";
        return protobuf ? $"{Protobuf};proto={Families};encoding=delimited;escaping={escaping};q=0.8,{texts}" : texts;
    }

    /// <summary>What a content type says; null where it is none of metrics.</summary>
    /// <param name="contentType">As it stands in the answer.</param>
    /// <param name="fallback">What it is where the type does not say it; null: a text without a type is old text.</param>
    public static MetricsMedia? Of(string contentType, MetricsMedia? fallback)
    {
        if (string.IsNullOrWhiteSpace(contentType)) return fallback ?? new MetricsMedia(ExpositionFormat.Text);
        var parts = contentType.Split(';', StringSplitOptions.TrimEntries);
        // One semicolon may end it; a parameter is a name and a value.
        var parameters = parts[^1].Length == 0 ? parts[1..^1] : parts[1..];
        if (!parameters.All(parameter => parameter.IndexOf('=', StringComparison.Ordinal) > 0)) return fallback;
        return parts[0].ToLowerInvariant() switch
        {
            Text => new MetricsMedia(ExpositionFormat.Text),
            Protobuf when Has(parameters, "proto", Families) && Has(parameters, "encoding", "delimited") =>
                new MetricsMedia(default, IsProtobuf: true),
            // Its second version is another format.
            OpenMetrics when !Has(parameters, "version", "2.0.0") => new MetricsMedia(ExpositionFormat.OpenMetrics),
            _ => fallback,
        };
    }

    /// <summary>Whether a type says by itself that metrics follow: other things are plain text too.</summary>
    public static bool IsDeclared(string contentType) =>
        contentType.Contains(OpenMetrics, StringComparison.OrdinalIgnoreCase)
        || contentType.Contains(Families, StringComparison.OrdinalIgnoreCase)
        || contentType.Contains("version=", StringComparison.OrdinalIgnoreCase);

    private static bool Has(string[] parameters, string name, string value) => parameters.Any(parameter =>
        parameter.Split('=', 2, StringSplitOptions.TrimEntries) is [var key, var text]
        && key.Equals(name, StringComparison.OrdinalIgnoreCase) && text.Trim('"') == value);

    private static bool IsWide(SeriesSelector selector) =>
        !MetricNameEscaping.IsLegacy(selector.Name)
        || selector.Matchers.Any(matcher => !MetricNameEscaping.IsLegacy(matcher.Label));
}
