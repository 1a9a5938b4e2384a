using LifecycleManager.Protocol.Marathon;
using LifecycleManager.Scheduler.Api;

namespace LifecycleManager.Scheduler.OpenApi;

/// <summary>All operations of the REST API.</summary>
internal static class ApiOperations
{
    private static readonly ApiParameter Force = new("force", "Cancel the deployments that are in the way.",
        ApiParameterKind.Flag);
    private static readonly ApiParameter Reason = new("reason", "Why, for the deployment and the log.");
    private static readonly ApiParameter Embed = new("embed", "What to add, such as apps.tasks, apps.counts, apps.taskStats.",
        ApiParameterKind.Texts);
    private static readonly ApiParameter Partial =
        new("partialUpdate", "Keep what the body does not name; true without it.", ApiParameterKind.Flag);
    private static readonly ApiParameter Scale = new("scale", "Lower the counts by the instances that end.",
        ApiParameterKind.Flag);
    private static readonly ApiParameter Wipe = new("wipe", "Forget unreachable instances at once.", ApiParameterKind.Flag);

    private static readonly int[] Invalid = [400, 413, 422];
    private static readonly int[] Changed = [400, 404, 409, 413, 422];

    public static readonly IReadOnlyList<ApiOperation> All =
    [
        new(HttpMethod.Get, "/v2/apps", "Apps", "All apps, those that the filters let through.")
        {
            Query =
            [
                new("cmd", "Part of the command."), new("id", "Part of the id."),
                new("label", "A selector: key, key==value, key!=value, key in (a, b), key notin (a, b), joined by commas."),
                Embed,
            ],
            Answer = typeof(AppList), Failures = [400],
        },
        new(HttpMethod.Post, "/v2/apps", "Apps", "Makes an app.")
        {
            Query = [Force, Reason], Body = typeof(App), Status = 201, Answer = typeof(App), Failures = [409, .. Invalid],
        },
        new(HttpMethod.Put, "/v2/apps", "Apps", "Makes or changes many apps in one deployment.")
        {
            Query = [Force, Partial, Reason], Body = typeof(IReadOnlyList<App>), Answer = typeof(DeploymentResult),
            Failures = [409, .. Invalid],
        },
        new(HttpMethod.Patch, "/v2/apps", "Apps", "Changes many apps in one deployment.")
        {
            Query = [Force, Reason], Body = typeof(IReadOnlyList<App>), Answer = typeof(DeploymentResult),
            Failures = [409, .. Invalid],
        },
        new(HttpMethod.Get, "/v2/apps/{id}", "Apps", "One app; with an id that ends with /*, all apps of a group.")
        {
            Query = [Embed], Answer = typeof(AppAnswer), Failures = [404],
        },
        new(HttpMethod.Put, "/v2/apps/{id}", "Apps",
            "Makes or changes an app; with only a version in the body, takes it back to that version.")
        {
            Query = [Force, Partial, Reason], Body = typeof(App), Answer = typeof(DeploymentResult), Failures = Changed,
        },
        new(HttpMethod.Patch, "/v2/apps/{id}", "Apps", "Changes an app.")
        {
            Query = [Force, Reason], Body = typeof(App), Answer = typeof(DeploymentResult), Failures = Changed,
        },
        new(HttpMethod.Delete, "/v2/apps/{id}", "Apps", "Ends an app and all its instances.")
        {
            Query = [Force, Reason], Answer = typeof(DeploymentResult), Failures = [404, 409],
        },
        new(HttpMethod.Post, "/v2/apps/{id}/restart", "Apps", "Replaces all instances.")
        {
            Query = [Force, Reason], Answer = typeof(DeploymentResult), Failures = [404, 409],
        },
        new(HttpMethod.Post, "/v2/apps/{id}/blue-green", "Blue-green",
            "Starts a new version beside the one that serves, and switches once it is healthy.")
        {
            Query =
            [
                new("switch", "auto (without it) or manual."),
                new("verify", "With auto: how long it must be healthy before the switch, such as 30s."),
                new("keep", "How long the old version is kept after the switch, to go back to."),
                new("abortAfter", "Give the new version up when it is not healthy within this time."), Force, Reason,
            ],
            Body = typeof(App), Answer = typeof(DeploymentResult), Failures = Changed,
        },
        new(HttpMethod.Get, "/v2/apps/{id}/blue-green", "Blue-green", "How it stands.") { Answer = typeof(BlueGreenState),
            Failures = [404] },
        new(HttpMethod.Post, "/v2/apps/{id}/blue-green/verify", "Blue-green",
            "Whether the new version may take over; with 409, what is missing.")
        {
            Answer = typeof(BlueGreenState), Failures = [404, 409],
        },
        new(HttpMethod.Post, "/v2/apps/{id}/blue-green/switch", "Blue-green", "Gives the work to the new version.")
        {
            Answer = typeof(BlueGreenState), Failures = [404, 409],
        },
        new(HttpMethod.Post, "/v2/apps/{id}/blue-green/abort", "Blue-green", "Goes back to the old version.")
        {
            Answer = typeof(DeploymentResult), Failures = [404],
        },
        new(HttpMethod.Get, "/v2/apps/{id}/versions", "Apps",
            "The versions of an app, newest first.") { Answer = typeof(VersionList), Failures = [404] },
        new(HttpMethod.Get, "/v2/apps/{id}/versions/{version}", "Apps", "An app as it was.") { Answer = typeof(App),
            Failures = [400, 404] },
        new(HttpMethod.Get, "/v2/apps/{id}/tasks", "Tasks", "The instances of an app.")
        {
            Answer = typeof(TaskList), Media = ["application/json", "text/plain"], Failures = [404],
        },
        new(HttpMethod.Delete, "/v2/apps/{id}/tasks", "Tasks",
            "Ends instances of an app; with scale, answers with the deployment.")
        {
            Query = [new("host", "Only those on this host."), Scale, Wipe, Force], Answer = typeof(TaskList),
            Failures = [400, 404, 409],
        },
        new(HttpMethod.Delete, "/v2/apps/{id}/tasks/{task}", "Tasks",
            "Ends one instance; with scale, answers with the deployment.")
        {
            Query = [Scale, Wipe, Force], Failures = [400, 404, 409],
        },
        new(HttpMethod.Get, "/v2/groups", "Groups", "The whole tree.")
        {
            Query = [new("embed", "group.groups, group.apps and what is added to the apps, such as group.apps.tasks.",
                ApiParameterKind.Texts)],
            Answer = typeof(Group), Failures = [400],
        },
        new(HttpMethod.Post, "/v2/groups", "Groups", "Makes a group.")
        {
            Query = [Force, Reason], Body = typeof(Group), Status = 201, Answer = typeof(DeploymentResult),
            Failures = [409, .. Invalid],
        },
        new(HttpMethod.Put, "/v2/groups", "Groups", "Changes the root group.")
        {
            Query = [Force, new("dryRun", "Only show the steps.", ApiParameterKind.Flag), Reason],
            Body = typeof(Group), Answer = typeof(DeploymentResult), Failures = [409, .. Invalid],
        },
        new(HttpMethod.Delete, "/v2/groups", "Groups", "Deletes everything.") { Query = [Force, Reason],
            Answer = typeof(DeploymentResult), Failures = [409] },
        new(HttpMethod.Get, "/v2/groups/{id}", "Groups", "A group.") { Query = [Embed], Answer = typeof(Group),
            Failures = [404] },
        new(HttpMethod.Put, "/v2/groups/{id}", "Groups",
            "Makes or changes a group, scales it (scaleBy), or takes it back (version).")
        {
            Query = [Force, new("dryRun", "Only show the steps.", ApiParameterKind.Flag), Reason],
            Body = typeof(Group), Answer = typeof(DeploymentResult), Failures = Changed,
        },
        new(HttpMethod.Delete, "/v2/groups/{id}", "Groups", "Deletes a group and all below it.")
        {
            Query = [Force, Reason], Answer = typeof(DeploymentResult), Failures = [404, 409],
        },
        new(HttpMethod.Get, "/v2/groups/{id}/apps", "Groups", "The apps of a group and below.") { Query = [Embed],
            Answer = typeof(AppList), Failures = [404] },
        new(HttpMethod.Get, "/v2/groups/{id}/versions", "Groups", "The versions of the tree, newest first.")
        {
            Answer = typeof(IReadOnlyList<string>), Failures = [404],
        },
        new(HttpMethod.Get, "/v2/groups/{id}/versions/{version}", "Groups", "A group as it was.") { Answer = typeof(Group),
            Failures = [400, 404] },
        new(HttpMethod.Get, "/v2/pods", "Pods", "All pods.") { Answer = typeof(IReadOnlyList<Pod>) },
        new(HttpMethod.Head, "/v2/pods", "Pods", "Whether there are pods at all."),
        new(HttpMethod.Post, "/v2/pods", "Pods", "Makes a pod.")
        {
            Query = [Force, Reason], Body = typeof(Pod), Status = 201, Answer = typeof(Pod), Failures = [409, .. Invalid],
        },
        new(HttpMethod.Get, "/v2/pods::status", "Pods",
            "All pods with their instances.") { Answer = typeof(IReadOnlyList<PodStatus>) },
        new(HttpMethod.Get, "/v2/pods/{id}", "Pods", "A pod.") { Answer = typeof(Pod), Failures = [404] },
        new(HttpMethod.Put, "/v2/pods/{id}", "Pods", "Changes a pod.")
        {
            Query = [Force, Reason], Body = typeof(Pod), Answer = typeof(Pod), Failures = Changed,
        },
        new(HttpMethod.Delete, "/v2/pods/{id}", "Pods", "Ends a pod and all its instances.") { Query = [Force, Reason],
            Status = 202, Failures = [404, 409] },
        new(HttpMethod.Get, "/v2/pods/{id}::status", "Pods", "A pod with its instances, their containers and endpoints.")
        {
            Answer = typeof(PodStatus), Failures = [404],
        },
        new(HttpMethod.Get, "/v2/pods/{id}::versions", "Pods", "The versions of a pod, newest first.")
        {
            Answer = typeof(IReadOnlyList<string>), Failures = [404],
        },
        new(HttpMethod.Get, "/v2/pods/{id}::versions/{version}", "Pods", "A pod as it was.") { Answer = typeof(Pod),
            Failures = [400, 404] },
        new(HttpMethod.Delete, "/v2/pods/{id}::instances", "Pods", "Ends instances of a pod, whose ids are the body.")
        {
            Query = [Scale, Wipe, Force], Body = typeof(IReadOnlyList<string>), Answer = typeof(IReadOnlyList<PodInstanceStatus>),
            Failures = Changed,
        },
        new(HttpMethod.Delete, "/v2/pods/{id}::instances/{instance}", "Pods", "Ends an instance of a pod.")
        {
            Query = [Scale, Wipe, Force], Answer = typeof(IReadOnlyList<PodInstanceStatus>), Failures = [400, 404, 409],
        },
        new(HttpMethod.Get, "/v2/deployments", "Deployments",
            "Deployments under way.") { Answer = typeof(IReadOnlyList<Deployment>) },
        new(HttpMethod.Get, "/v2/deployments/{id}", "Deployments", "A deployment under way.") { Answer = typeof(Deployment),
            Failures = [404] },
        new(HttpMethod.Post, "/v2/deployments/{id}/pause", "Deployments", "Replaces nothing more until it is resumed.")
        {
            Answer = typeof(Deployment), Failures = [404, 409],
        },
        new(HttpMethod.Post, "/v2/deployments/{id}/resume", "Deployments", "Lets a paused deployment go on.")
        {
            Answer = typeof(Deployment), Failures = [404, 409],
        },
        new(HttpMethod.Post, "/v2/deployments/{id}/promote", "Deployments",
            "Ends the rest after a stage of a rollout (label lcm.canary, blue-green).")
        {
            Query = [new("full", "End all further stages too.", ApiParameterKind.Flag),
                new("force", "Also where the new version is not healthy.", ApiParameterKind.Flag)],
            Answer = typeof(Deployment), Failures = [400, 404, 409],
        },
        new(HttpMethod.Post, "/v2/deployments/{id}/abort", "Deployments", "Takes its apps back to what they were.")
        {
            Answer = typeof(DeploymentResult), Failures = [404],
        },
        new(HttpMethod.Delete, "/v2/deployments/{id}", "Deployments",
            "Cancels a deployment and takes its apps back; with force, leaves them as they are (202).")
        {
            Query = [Force], Answer = typeof(DeploymentResult), Failures = [404],
        },
        new(HttpMethod.Get, "/v2/tasks", "Tasks", "All instances; as text, a line of addresses for each service port.")
        {
            Query = [new("status", "running or staging.", ApiParameterKind.Texts)],
            Answer = typeof(TaskList), Media = ["application/json", "text/plain"], Failures = [400],
        },
        new(HttpMethod.Post, "/v2/tasks/delete", "Tasks", "Ends instances by id; with scale, answers with the deployment.")
        {
            Query = [Scale, Wipe, Force], Body = typeof(TaskIdList), Answer = typeof(TaskList), Failures = [409, .. Invalid],
        },
        new(HttpMethod.Get, "/v2/queue", "Queue", "What waits for an offer, and why.")
        {
            Query = [new("embed", "lastUnusedOffers: the refused offers with their reasons.", ApiParameterKind.Texts)],
            Answer = typeof(LaunchQueue), Failures = [400],
        },
        new(HttpMethod.Get, "/v2/rebalance", "Placement", "Which instances would be better off elsewhere, and why.")
        {
            Query = [new("max", "The most moves; 100 without it.")], Answer = typeof(RebalanceAnswer), Failures = [400, 503],
        },
        new(HttpMethod.Post, "/v2/rebalance", "Placement",
            "Replaces the named instances, without a body those of a plan, by others elsewhere.")
        {
            Query = [new("max", "The most moves of a plan."), new("dryRun", "Plan only.", ApiParameterKind.Flag)],
            Body = typeof(RebalanceTasks), Answer = typeof(RebalanceAnswer), Failures = [400, 404, 409, 413, 422, 503],
        },
        new(HttpMethod.Delete, "/v2/queue/{id}/delay", "Queue", "Ends the delay of an app's launches.") { Status = 204,
            Failures = [404] },
        new(HttpMethod.Get, "/v2/events", "Events", "The event bus as server-sent events.")
        {
            Query = [new("event_type", "Only these types.", ApiParameterKind.Texts),
                new("plan-format", "Of deployments' plans: full, with the trees before and after (without it, too), or light.")],
                Media = ["text/event-stream"], Failures = [503],
        },
        new(HttpMethod.Get, "/v2/info", "Server", "The scheduler, its framework and its options."),
        new(HttpMethod.Get, "/v2/leader", "Server", "Who leads.") { Failures = [404] },
        new(HttpMethod.Delete, "/v2/leader", "Server", "Gives the leadership up.") { Failures = [503] },
        new(HttpMethod.Get, "/ping", "Server", "Answers pong.") { Media = ["text/plain"] },
    ];
}
