using System.Diagnostics;
using LifecycleManager.Metrics;
using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace LifecycleManager.Manager.Observability;

/// <summary>Sends spans by OTLP over HTTP; on its own, so that nothing of it is loaded where nobody asks for it.</summary>
internal static class TraceExport
{
    // The runtime's own spans of calls: what a called server sees is their id.
    private const string HttpSource = "System.Net.Http";

    /// <summary>Adds it.</summary>
    /// <param name="services">The role's.</param>
    /// <param name="otlp">The collector; <c>/v1/traces</c> is appended. Headers, sampling and batches are as the variables
    /// <c>OTEL_...</c> say.</param>
    /// <param name="instance">Which manager it is.</param>
    public static void AddTraceExport(this IServiceCollection services, Uri otlp, string instance) => services.AddOpenTelemetry()
        .ConfigureResource(resource => resource.AddService("lcm-manager", serviceInstanceId: instance))
        .WithTracing(tracing => tracing
            .AddSource(Tracing.Source, CollectorTracing.Source, HttpSource)
            .AddProcessor(new OrphanFilter())
            .AddOtlpExporter(exporter =>
            {
                exporter.Endpoint = new Uri(otlp.ToString().TrimEnd('/') + "/v1/traces");
                exporter.Protocol = OtlpExportProtocol.HttpProtobuf;
            }));

    /// <summary>Calls that belong to no span of ours, of other roles in this process as well, are not exported.</summary>
    private sealed class OrphanFilter : BaseProcessor<Activity>
    {
        public override void OnEnd(Activity data)
        {
            if (data.Source.Name == HttpSource && data.ParentSpanId == default)
                data.ActivityTraceFlags &= ~ActivityTraceFlags.Recorded;
        }
    }
}
