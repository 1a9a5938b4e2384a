using System.CommandLine;
using System.Globalization;
using LifecycleManager.Cli.Commands.Operating.Calls;
using LifecycleManager.Cli.Commands.Operating.Output;
using LifecycleManager.Cli.Configuration;
using LifecycleManager.Protocol.Marathon;

namespace LifecycleManager.Cli.Commands.Operating.Overview;

/// <summary><c>lcm queue</c></summary>
internal static class QueueCommand
{
    /// <summary>Its name.</summary>
    public const string Name = "queue";

    public static Command Create(Settings settings)
    {
        var command = new Command(Name, "Lists what waits for a place on an agent, or for a launch delay, and why.");
        var cluster = new ClusterOptions(command, settings, Asked.Scheduler);
        return command.Does(async (parse, stop) =>
        {
            using var scheduler = cluster.Scheduler(parse);
            var answer = await scheduler.GetAsync("/v2/queue", stop);
            var queue = scheduler.As(answer, MarathonJson.Default.LaunchQueue).Queue;
            cluster.Printer(parse).List(answer, queue.Select(Id), () =>
            {
                var table = new Table("APP", "WAITING", "SINCE", "DELAY", "REFUSED OFFERS", "WHY");
                foreach (var item in queue)
                    table.Add(Id(item), item.Count.ToString(CultureInfo.InvariantCulture),
                        Times.Ago(item.Since, TimeProvider.System),
                        item.Delay.TimeLeftSeconds > 0 ? Times.Span(TimeSpan.FromSeconds(item.Delay.TimeLeftSeconds)) : "",
                        item.ProcessedOffersSummary is { } offers
                            ? string.Create(CultureInfo.InvariantCulture,
                                $"{offers.UnusedOffersCount} of {offers.ProcessedOffersCount}") : "",
                        Why(item));
                return table;
            });
        }, "lcm queue", "lcm queue --output name | xargs -n1 lcm why");
    }

    /// <summary>The app or the pod.</summary>
    public static string Id(QueueItem item) => item.App?.Id ?? item.Pod?.Id ?? "";

    /// <summary>
    /// In a few words: what is not admitted, the delay, or the reasons of the last offers' refusal with how many each.
    /// </summary>
    public static string Why(QueueItem item)
    {
        if (item.NotAdmitted is { } notAdmitted) return $"not admitted: {notAdmitted}";
        if (item.Delay.TimeLeftSeconds > 0) return "a delay after failures";
        var reasons = (item.ProcessedOffersSummary?.RejectSummaryLastOffers ?? [])
            .Where(reason => reason.Declined > 0).OrderByDescending(reason => reason.Declined)
            .Select(reason => string.Create(CultureInfo.InvariantCulture, $"{reason.Reason} ({reason.Declined})")).ToList();
        return reasons.Count > 0 ? string.Join(", ", reasons) : "no offer has come";
    }
}
