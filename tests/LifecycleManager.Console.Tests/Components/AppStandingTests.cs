using LifecycleManager.Console.Components;
using LifecycleManager.Protocol.Marathon;

namespace LifecycleManager.Console.Tests.Components;

public sealed class AppStandingTests
{
    private static readonly App Short = new() { Id = "/a", Instances = 3, TasksRunning = 1 };

    private static readonly QueueItem Waits = new() { Count = 2, Delay = new QueueDelay(0, true) };

    public static TheoryData<string, App, QueueItem?, string?> States => new()
    {
        { "Running", new App { Instances = 2, TasksRunning = 2 }, null, null },
        { "Suspended", new App { Instances = 0 }, null, null },
        { "Starting", Short, null, "1 of 3 run" },
        { "Deploying", Short with { Deployments = [new DeploymentRef("d")] }, null, "1 of 3 run" },
        {
            "Unhealthy", new App { Instances = 2, TasksRunning = 2, TasksUnhealthy = 1 }, null,
            "1 of 2 instances fail their health checks"
        },
        {
            "Waiting for resources", Short, Waits with
            {
                LastUnusedOffers =
                [
                    new UnusedOffer
                    {
                        Offer = default, Timestamp = "x", Reason = ["InsufficientCpus"], Message = "0.2 of 0.5 cpus are free",
                    },
                ],
            }, "2 of 3: 0.2 of 0.5 cpus are free"
        },
        {
            "Waiting for resources", Short, Waits with { ProcessedOffersSummary = new QueueSummary() },
            "2 of 3: no agent has offered anything yet"
        },
        {
            "Delayed by backoff", Short with { LastTaskFailure = Failure("exited with status 1") },
            Waits with { Delay = new QueueDelay(11.2, false) }, "next try in 12 s after: exited with status 1"
        },
        {
            "Image missing", Short with
            {
                Deployments = [new DeploymentRef("d")], LastTaskFailure = Failure("the image x:1 cannot be pulled: not found"),
            },
            Waits with { Delay = new QueueDelay(3, false) }, "the image x:1 cannot be pulled: not found; next try in 3 s"
        },
        { "Not admitted", Short, Waits with { NotAdmitted = "privileged is not allowed" }, "privileged is not allowed" },
    };

    [Theory]
    [MemberData(nameof(States), DisableDiscoveryEnumeration = true)]
    public void States_that_differ_are_named_differently_with_their_reason(string name, App app, QueueItem? waits, string? reason)
    {
        var status = AppStanding.Of(app, waits);

        Assert.Equal((name, reason), (status.Name, status.Reason));
        Assert.Contains(name, AppStanding.Names);
    }

    private static TaskFailure Failure(string message) => new() { AppId = "/a", Message = message };
}
