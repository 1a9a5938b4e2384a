using System.Text.Json;
using LifecycleManager.Metrics.Discovery;
using LifecycleManager.Metrics.Scraping;
using LifecycleManager.Metrics.Series;
using LifecycleManager.Metrics.Sources;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace LifecycleManager.Metrics.Api;

/// <summary>The collector's REST API.</summary>
internal static class CollectorApi
{
    private const int MaxBytes = 1024 * 1024;
    private const int MaxBytesRead = 4 * MaxBytes;

    /// <summary><c>GET /v1/targets?app=&amp;state=</c></summary>
    public static IResult Targets(MetricsCollector collector, IQueryCollection query)
    {
        string? app = query["app"], state = query["state"];
        if (state is not (null or "up" or "down" or "unknown"))
            return Problem(400, $"state: '{state}' must be up, down or unknown");
        var now = collector.Time.GetUtcNow();
        var targets = collector.Jobs.Select(job => Describe(job, now, collector.Options.StartupTime))
            .Where(target => (app is null || target.App == app) && (state is null || target.State == state))
            .OrderBy(target => target.App, StringComparer.Ordinal).ThenBy(target => target.Instance, StringComparer.Ordinal)
            .ThenBy(target => target.Kind, StringComparer.Ordinal).ToArray();
        var discovery = collector.Discovery;
        var scheduler = collector.Options.Scheduler is not { } address ? null : new SchedulerAnswer(
            address.ToString(), discovery is { LastSuccess: not null, LastError: null },
            discovery.LastSuccess,
            discovery.LastError, discovery.FollowsEvents);
        return Results.Json(new TargetsAnswer(scheduler, targets), CollectorJson.Default.TargetsAnswer);
    }

    /// <summary><c>POST /v1/samples</c></summary>
    public static async Task<IResult> Push(MetricsCollector collector, HttpContext context)
    {
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
            limit.MaxRequestBodySize = MaxBytesRead;
        using var body = new MemoryStream();
        try
        {
            var buffer = new byte[16 * 1024];
            int read;
            while ((read = await context.Request.Body.ReadAsync(buffer, context.RequestAborted)) > 0)
            {
                // Somewhat too long a body is read to its end, since a client that still writes would not see the answer.
                if (body.Length <= MaxBytes) body.Write(buffer, 0, read);
            }

            if (body.Length > MaxBytes) return Problem(413, $"the body is longer than {MaxBytes} bytes");

            var samples = PushedSample.Read(body.GetBuffer().AsMemory(0, (int)body.Length));
            var (accepted, unused, refused) = collector.Pushed.Push(samples);
            return refused is null
                ? Results.Json(new PushAnswer(accepted, unused), CollectorJson.Default.PushAnswer)
                : Problem(422, $"{accepted} of {samples.Count} samples were kept; {refused}");
        }
        catch (BadHttpRequestException e)
        {
            return Problem(e.StatusCode, e.Message);
        }
        catch (JsonException e)
        {
            return Problem(400, UntrustedJson.Describe(e));
        }
    }

    private static IResult Problem(int status, string message) =>
        Results.Json(new ProblemAnswer(message), CollectorJson.Default.ProblemAnswer, statusCode: status);

    private static Dictionary<string, string>? Told(ScrapeJob job, Func<SeriesSet, string?> tell)
    {
        IEnumerable<(string Selector, SeriesSet Set)> all = job switch
        {
            EndpointJob endpoint => endpoint.Selections.Select(selection => (selection.Key.Selector, selection.Set)),
            SourceJob source => [(source.Key.Selector, source.Set)],
            _ => [],
        };
        var told = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (selector, set) in all)
        {
            if (tell(set) is { } text) told[selector] = text;
        }

        return told.Count > 0 ? told : null;
    }

    private static TargetAnswer Describe(ScrapeJob job, DateTimeOffset now, TimeSpan startup)
    {
        var status = job.Status;
        var endpoint = job as EndpointJob;
        return new TargetAnswer
        {
            Kind = job switch
            {
                EndpointJob { Key.Kind: EndpointKind.Actuator } => "actuator",
                EndpointJob { Key.Kind: EndpointKind.Health } => "health",
                EndpointJob => "text",
                SourceJob source => source.Key.Source.ToString().ToLowerInvariant(),
                AgentJob => "agent",
                EurekaJob => "eureka",
                FileJob => "file",
                _ => "master",
            },
            App = endpoint?.Instance.Target.App,
            Instance = endpoint?.Instance.Target.Id,
            Ready = endpoint?.Instance.IsReady(now, startup),
            Address = job.Address,
            State = status.Up switch { true => "up", false => "down", null => "unknown" },
            LastError = status.Error ?? (job as DiscoveryJob)?.Skipped,
            LastScrape = status.LastScrape,
            DurationSeconds = status.LastScrape is null ? null : status.Duration.TotalSeconds,
            Samples = status.LastScrape is null ? null : status.Samples,
            Selectors = endpoint is not null ? [.. endpoint.Selections.Select(selection => selection.Key.Selector)]
                : job is SourceJob one ? [one.Key.Selector] : [],
            Problems = Told(job, set => set.Problem),
            Notes = Told(job, set => set.Note),
        };
    }
}
