using System.Globalization;
using System.Text;
using Prometheus;

namespace LifecycleManager.Security.Tests;

/// <summary>What <c>lcm_calls_refused_total</c> says.</summary>
internal static class RefusedCalls
{
    /// <summary>How many calls were refused for a cause.</summary>
    public static async Task<double> CountAsync(CollectorRegistry registry, string cause)
    {
        await using var text = new MemoryStream();
        await registry.CollectAndExportAsTextAsync(text, TestContext.Current.CancellationToken);
        var line = $"lcm_calls_refused_total{{cause=\"{cause}\"}} ";
        var sample = Encoding.UTF8.GetString(text.ToArray()).Split('\n')
            .Single(one => one.StartsWith(line, StringComparison.Ordinal));
        return double.Parse(sample[line.Length..], CultureInfo.InvariantCulture);
    }
}
