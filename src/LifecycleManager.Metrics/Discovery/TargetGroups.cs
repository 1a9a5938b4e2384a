using System.Globalization;
using LifecycleManager.Metrics.Targets;

namespace LifecycleManager.Metrics.Discovery;

/// <summary>A list of addresses with labels, as Prometheus' <c>file_sd</c> and <c>static_configs</c> have it.</summary>
/// <param name="Targets">Addresses, <c>host:port</c>.</param>
/// <param name="Labels">
/// <c>app</c> names the app (an absolute id) and is required; <c>__metrics_path__</c> and <c>__scheme__</c> mean what they mean
/// to Prometheus, as does <c>__param_NAME</c>; other labels are ignored, since series are told apart by their instance.
/// </param>
public sealed record TargetGroup(IReadOnlyList<string> Targets, IReadOnlyDictionary<string, string> Labels)
{
    internal const string AppLabel = "app";
    private const string PathLabel = "__metrics_path__";
    private const string SchemeLabel = "__scheme__";
    private const string ParameterLabel = "__param_";

    /// <summary>Reads the addresses.</summary>
    /// <exception cref="FormatException">A label is missing or wrong, or an address cannot be used; the message names
    /// it.</exception>
    internal IEnumerable<Target> Read(string source)
    {
        var app = Labels.GetValueOrDefault(AppLabel);
        if (string.IsNullOrEmpty(app) || app[0] != '/')
            throw new FormatException($"labels.{AppLabel}: an absolute app id is needed, not '{app}'");
        var path = Labels.GetValueOrDefault(PathLabel);
        if (path is not null && (path.Length == 0 || path[0] != '/'))
            throw new FormatException($"labels.{PathLabel}: '{path}' does not start with '/'");
        var scheme = Labels.GetValueOrDefault(SchemeLabel);
        if (scheme is not (null or "http" or "https"))
            throw new FormatException($"labels.{SchemeLabel}: '{scheme}' is neither http nor https");
        foreach (var address in Targets)
        {
            var colon = address.LastIndexOf(':');
            if (colon <= 0 || !int.TryParse(
                address.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port) || port is 0 or > 65535)
                throw new FormatException($"targets: '{address}' is not host:port");
            yield return new Target(
                $"{source}:{app}@{address}", app, address[..colon], [port], null, true)
            { Path = path, Scheme = scheme, Parameters = AppMetricsLabels.ParametersOf(Labels, ParameterLabel) };
        }
    }
}
