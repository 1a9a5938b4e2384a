using System.Globalization;
using System.Text.Json;
using LifecycleManager.Cli;
using LifecycleManager.Cli.Commands;
using LifecycleManager.Protocol.Marathon;
using Refit;

namespace LifecycleManager.Demo;

/// <summary>
/// The tour of a stack: deploys the sample services, loads the search service and tells what the stack does
/// about it. It uses nothing but the REST APIs that every user has.
/// </summary>
internal sealed class DemoRun(RunningStack stack, DemoStory story, TimeProvider time)
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    // Against the policy's 600 a minute per instance: one instance idles at the first rate and three carry the second.
    private const double QuietPerSecond = 4;
    private const double BusyPerSecond = 28;

    private volatile IReadOnlyList<Uri> _search = [];
    private volatile bool _scaledOut;
    private volatile bool _scaledIn;

    /// <summary>Runs the whole demo; returns when the load has ended and the service is back at one instance.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        using var schedulerClient = new HttpClient { BaseAddress = stack.Scheduler, Timeout = TimeSpan.FromSeconds(10) };
        using var managerClient = new HttpClient { BaseAddress = stack.Manager, Timeout = TimeSpan.FromSeconds(10) };
        using var masterClient = new HttpClient { BaseAddress = stack.Master, Timeout = TimeSpan.FromSeconds(10) };
        var api = MarathonApi.For(schedulerClient);

        var containers = false;
        await UntilAsync("an agent", async () =>
        {
            if (await ContainerizersAsync(masterClient, cancellation) is not { } known) return false;
            containers = known.Contains("docker");
            return true;
        }, cancellation);
        if (containers)
        {
            story.Tell("demo", "a Docker engine answers: making the images of the three sample services");
            await DemoImage.EnsureAsync(stack.Docker, BrownFieldOutput.Directory, cancellation);
        }
        else
        {
            story.Tell("demo", "no Docker engine answers: the three sample services run as processes");
        }

        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var followers = Task.WhenAll(FollowTasksAsync(api, ended.Token), FollowDecisionsAsync(managerClient, ended.Token));
        try
        {
            await DeployAsync(api, new DemoApps(containers), cancellation);
            await LoadAsync(cancellation);
            await UntilAsync("one instance of search", async () => await InstancesAsync(api, cancellation) == 1, cancellation);
            story.Tell("demo", _scaledOut && _scaledIn
                ? $"search was scaled out and in again by policy; the reasons are kept at {new Uri(stack.Manager, "v1/decisions")}"
                : $"search was not scaled out and in: is its policy among those at {new Uri(stack.Manager, "v1/policies")}?");
        }
        finally
        {
            await ended.CancelAsync();
            await followers.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task DeployAsync(IMarathonApi api, DemoApps apps, CancellationToken cancellation)
    {
        await PutAsync(api, apps.SearchApp(), cancellation);
        var search = await HealthyAsync(api, DemoApps.Search, cancellation);
        await PutAsync(api, apps.GatewayApp(search), cancellation);
        var gateway = await HealthyAsync(api, DemoApps.Gateway, cancellation);
        await PutAsync(api, apps.WebsiteApp(gateway), cancellation);
        var website = await HealthyAsync(api, DemoApps.Website, cancellation);
        story.Tell("demo", $"all three are healthy; the website is at {website}");
    }

    private async Task PutAsync(IMarathonApi api, App app, CancellationToken cancellation)
    {
        story.Tell("deploy", $"PUT /v2/apps{app.Id}: {app.Instances} instance of {app.Container?.Docker?.Image ?? app.Cmd}");
        await UntilAsync($"the deployment of {app.Id}", async () =>
        {
            await api.UpdateApp(app.Id![1..], app, force: true, partialUpdate: false, cancellation: cancellation);
            return true;
        }, cancellation);
    }

    private async Task LoadAsync(CancellationToken cancellation)
    {
        using var handler = new SocketsHttpHandler { PooledConnectionIdleTimeout = TimeSpan.FromSeconds(5) };
        using var client = new HttpClient(handler) { Timeout = TimeSpan.FromSeconds(10) };
        var load = new DemoLoad(() => _search, client, time);
        await load.RunAsync(
            DemoLoad.QuietBusyQuiet(TimeSpan.FromSeconds(4), TimeSpan.FromSeconds(24), TimeSpan.FromSeconds(14), QuietPerSecond,
                BusyPerSecond),
            phase =>
                story.Tell("load", FormattableString.Invariant(
                    $"{phase.Name}: {phase.RatePerSecond} searches a second, {phase.RatePerSecond * 60} a minute")),
            cancellation);
        var counts = load.Counts;
        story.Tell("load", $"the end: {counts.Ok} searches were answered, {counts.Failed} failed"
            + (counts.LastFailure is null ? "" : $", the last since {counts.LastFailure}"));
    }

    /// <summary>Keeps the addresses of the search instances and tells of each instance that comes or goes.</summary>
    private async Task FollowTasksAsync(IMarathonApi api, CancellationToken cancellation)
    {
        var known = new Dictionary<string, AppTask>();
        var told = new HashSet<string>();
        using var timer = new PeriodicTimer(Poll, time);
        while (await timer.WaitForNextTickAsync(cancellation))
        {
            TaskList list;
            try
            {
                list = await api.GetTasks(cancellation);
            }
            catch (Exception e) when (e is ApiExceptionBase || IsAway(e, cancellation))
            {
                continue;
            }

            var tasks = list.Tasks.Where(task => task.AppId.StartsWith("/brownfield/", StringComparison.Ordinal))
                .ToDictionary(task => task.Id);
            _search = [.. tasks.Values.Where(task => task.AppId == DemoApps.Search && IsHealthy(task)).Select(Address)];
            foreach (var task in tasks.Values)
            {
                if (IsHealthy(task) && told.Add(task.Id + " healthy")) story.Tell("healthy", $"{task.AppId} at {Address(task)}");
                else if (task.State == "TASK_KILLING" && told.Add(task.Id + " killing"))
                    story.Tell("stopping", $"{task.AppId} at {Address(task)}");
            }

            foreach (var gone in known.Keys.Except(tasks.Keys))
                story.Tell("gone", $"{known[gone].AppId} at {Address(known[gone])}");
            known = tasks;
        }
    }

    /// <summary>Tells of each decision that changes a count, with its reason.</summary>
    private async Task FollowDecisionsAsync(HttpClient client, CancellationToken cancellation)
    {
        var since = time.GetUtcNow();
        var told = new HashSet<string>();
        using var timer = new PeriodicTimer(Poll, time);
        while (await timer.WaitForNextTickAsync(cancellation))
        {
            JsonDocument answer;
            try
            {
                var path = string.Create(CultureInfo.InvariantCulture,
                    $"v1/decisions?limit=50&since={Uri.EscapeDataString(since.ToString("O"))}");
                answer = JsonDocument.Parse(await client.GetStringAsync(path, cancellation));
            }
            catch (Exception e) when (e is JsonException || IsAway(e, cancellation))
            {
                continue;
            }

            using (answer)
            {
                foreach (var decision in answer.RootElement.GetProperty("decisions").EnumerateArray().Reverse())
                {
                    var (from, to) = (decision.GetProperty("from").GetInt32(), decision.GetProperty("to").GetInt32());
                    if (from == to || !told.Add(decision.GetProperty("id").ToString())) continue;
                    if (to > from) _scaledOut = true;
                    else _scaledIn = true;
                    story.Tell(to > from ? "scale out" : "scale in",
                        $"{decision.GetProperty("app").GetString()} {from} -> {to}: {decision.GetProperty("reason").GetString()}");
                }
            }
        }
    }

    private async Task<Uri> HealthyAsync(IMarathonApi api, string app, CancellationToken cancellation)
    {
        Uri? address = null;
        await UntilAsync($"a healthy instance of {app}", async () =>
        {
            var tasks = await api.GetTasks(cancellation);
            address = tasks.Tasks.Where(task => task.AppId == app && IsHealthy(task)).Select(Address).FirstOrDefault();
            return address is not null;
        }, cancellation);
        return address!;
    }

    private static async Task<int> InstancesAsync(IMarathonApi api, CancellationToken cancellation) =>
        (await api.GetTasks(cancellation)).Tasks.Count(task => task.AppId == DemoApps.Search);

    private async Task UntilAsync(string what, Func<Task<bool>> happened, CancellationToken cancellation)
    {
        var begin = time.GetTimestamp();
        string? problem = null;
        while (true)
        {
            try
            {
                if (await happened()) return;
                problem = null;
            }
            catch (Exception e) when (e is HttpRequestException or ApiRequestException
                or ApiException { StatusCode: >= System.Net.HttpStatusCode.InternalServerError })
            {
                // A role that has only just started may not lead yet.
                problem = ": " + e.Message;
            }

            if (time.GetElapsedTime(begin) > Patience)
                throw new CliException($"the demo waited {Patience.TotalMinutes} minutes for {what}{problem}");
            await Task.Delay(Poll, time, cancellation);
        }
    }

    /// <summary>Whether a peer did not answer, or not in time; not whether the demo was asked to stop.</summary>
    private static bool IsAway(Exception e, CancellationToken cancellation) =>
        e is HttpRequestException || (e is OperationCanceledException && !cancellation.IsCancellationRequested);

    private static bool IsHealthy(AppTask task) =>
        task.State == "TASK_RUNNING" && task.Ports.Count > 0 && task.HealthCheckResults is { Count: > 0 } results
        && results.All(result => result.Alive);

    private static Uri Address(AppTask task) => new($"http://{task.Host}:{(task.Ports is [var port, ..] ? port : 0)}/");

    /// <summary>What the agent can run, as the master tells it; null while there is no agent.</summary>
    private static async Task<IReadOnlyList<string>?> ContainerizersAsync(HttpClient master, CancellationToken cancellation)
    {
        using var answer = JsonDocument.Parse(await master.GetStringAsync("slaves", cancellation));
        return answer.RootElement.GetProperty("slaves").EnumerateArray()
            .Select(agent => agent.GetProperty("attributes").GetProperty("containerizers").GetString()!.Split(','))
            .FirstOrDefault();
    }
}
