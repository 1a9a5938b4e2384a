using System.IO.Compression;
using System.Reflection;
using System.Runtime.InteropServices;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.ResponseCompression;
using Microsoft.Extensions.DependencyInjection;
using Prometheus;

namespace LifecycleManager.Cli.Hosting;

/// <summary>
/// What every role shows at <c>/metrics</c> beside what its room counts: the build, the process, its requests. Scrapers get it
/// compressed where they accept that, and as OpenMetrics where they ask for it.
/// </summary>
internal static class RoleMetrics
{
    private const string Path = "/metrics";

    /// <summary>Adds what <see cref="Use"/> needs, and what is known at the start.</summary>
    /// <param name="services">The role's services.</param>
    /// <param name="registry">The role's metrics.</param>
    /// <param name="role">The role's name.</param>
    public static void Add(IServiceCollection services, CollectorRegistry registry, string role)
    {
        services.AddResponseCompression(options =>
        {
            // Nothing in it is both a secret and mixed with what a caller sends, so that its length tells nobody anything.
            options.EnableForHttps = true;
            options.Providers.Add<GzipCompressionProvider>();
            options.MimeTypes = ["text/plain", "application/openmetrics-text"];
        });
        services.Configure<GzipCompressionProviderOptions>(options => options.Level = CompressionLevel.Fastest);
        DotNetStats.Register(registry);
        var (version, revision) = Version();
        Prometheus.Metrics.WithCustomRegistry(registry).CreateGauge(
            "lcm_build_info", "1; the labels say what runs.", "role", "version", "revision", "runtime")
            .WithLabels(role, version, revision, RuntimeInformation.FrameworkDescription).Set(1);
    }

    /// <summary>Counts requests and their bodies, and compresses what scrapers get.</summary>
    public static void Use(IApplicationBuilder app, CollectorRegistry registry, string role)
    {
        UseBodies(app, registry, role);
        app.UseWhen(context => context.Request.Path == Path, metrics => metrics.UseResponseCompression());
        app.UseHttpMetrics(options =>
        {
            options.RequestCount.Registry = registry;
            options.RequestDuration.Registry = registry;
            options.InProgress.Registry = registry;
        });
    }

    /// <summary>
    /// Bodies are bounded in bytes by the server and further by the rooms: what is there of them, as far as their length is
    /// stated, and what was too long.
    /// </summary>
    private static void UseBodies(IApplicationBuilder app, CollectorRegistry registry, string role)
    {
        var metrics = Prometheus.Metrics.WithCustomRegistry(registry);
        var bytes = metrics.CreateGauge(
            $"lcm_{role}_request_body_bytes",
            "Bytes of the bodies, by their stated length, of the requests that are being answered.");
        var dropped = metrics.CreateCounter(
            $"lcm_{role}_request_bodies_dropped_total", "Requests that were refused since their bodies were too long.");
        app.Use(async (context, next) =>
        {
            var length = Math.Max(0, context.Request.ContentLength ?? 0);
            bytes.Inc(length);
            try
            {
                await next(context);
            }
            finally
            {
                bytes.Dec(length);
                if (context.Response.StatusCode == StatusCodes.Status413PayloadTooLarge) dropped.Inc();
            }
        });
    }

    /// <summary>The version, and the revision of the source where the build knew it: <c>0.1.0+1f2e3d…</c>.</summary>
    private static (string Version, string Revision) Version()
    {
        var parts = (typeof(RoleMetrics).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?
            .InformationalVersion ?? "0").Split('+', 2);
        return (parts[0], parts.Length > 1 ? parts[1] : "");
    }
}
