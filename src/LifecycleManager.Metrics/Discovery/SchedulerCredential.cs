using LifecycleManager.Metrics.Scraping;

namespace LifecycleManager.Metrics.Discovery;

/// <summary>Says to the scheduler who the collector is, where it was told.</summary>
internal sealed class SchedulerCredential(CredentialStore credentials) : DelegatingHandler
{
    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        try
        {
            request.Headers.Authorization = credentials.For(MetricsCredential.Scheduler);
        }
        catch (ScrapeException problem)
        {
            throw new HttpRequestException(problem.Message, problem);
        }

        return base.SendAsync(request, cancellationToken);
    }
}
