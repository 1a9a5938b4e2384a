using System.Globalization;
using System.Text;

namespace LifecycleManager.Benchmarks.Metrics;

/// <summary>
/// An exposition as a Spring Boot service with Micrometer makes it: histograms, gauges, labels of usual length.
/// </summary>
internal static class ExpositionText
{
    public static byte[] Make(int samples, bool openMetrics = false)
    {
        var random = new Random(1);
        var text = new StringBuilder();
        var count = 0;
        string[] uris = ["/search", "/flights/{id}", "/fares", "/**", "/admin/health"];
        string[] bounds = ["0.001", "0.002", "0.005", "0.01", "0.02", "0.05", "0.1", "0.2", "0.5", "1.0", "2.0", "5.0", "+Inf"];
        text.Append(
            "# HELP http_server_requests_seconds Duration of HTTP server request handling\n# TYPE http_server_requests_seconds histogram\n");
        for (var i = 0; count < samples / 2; i++)
        {
            var labels =
                $"exception=\"none\",method=\"GET\",outcome=\"SUCCESS\",status=\"{200 + i / uris.Length}\",uri=\"{uris[i % uris.Length]}\"";
            long total = 0;
            foreach (var bound in bounds)
                Line($"http_server_requests_seconds_bucket{{{labels},le=\"{bound}\"}}", total += random.Next(1000));
            Line($"http_server_requests_seconds_count{{{labels}}}", total);
            Line($"http_server_requests_seconds_sum{{{labels}}}", random.NextDouble() * 1000);
        }

        for (var family = 0; count < samples; family++)
        {
            text.Append(CultureInfo.InvariantCulture,
                $"# HELP jvm_memory_used_bytes_{family} The amount of used memory\n# TYPE jvm_memory_used_bytes_{family} gauge\n");
            for (var i = 0; i < 6 && count < samples; i++)
            {
                var value = i % 2 == 0 ? random.Next() : random.NextDouble() * 1e9;
                Line($"jvm_memory_used_bytes_{family}{{area=\"heap\",id=\"G1 Eden Space {i}\"}}", value);
            }
        }

        if (openMetrics) text.Append("# EOF\n");
        return Encoding.UTF8.GetBytes(text.ToString());

        void Line(string series, double value)
        {
            text.Append(CultureInfo.InvariantCulture, $"{series} {value:R}\n");
            count++;
        }
    }
}
