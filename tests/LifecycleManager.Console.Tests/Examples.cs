using LifecycleManager.Protocol.Marathon;

namespace LifecycleManager.Console.Tests;

/// <summary>What the roles answer in these tests.</summary>
internal static class Examples
{
    public static readonly App Search = new()
    {
        Id = "/shop/search",
        Cmd = "serve",
        Instances = 3,
        Cpus = 0.5,
        Mem = 256,
        TasksRunning = 2,
        TasksHealthy = 1,
        TasksUnhealthy = 1,
        HealthChecks = [new AppHealthCheck { Protocol = "HTTP" }],
        Labels = new Dictionary<string, string> { ["team"] = "search" },
        Version = "2026-11-24T12:00:00.000Z",
        Tasks =
        [
            new AppTask
            {
                Id = "shop_search.instance-1._app.1", AppId = "/shop/search", Host = "10.0.0.7",
                Ports = [31005], State = "TASK_RUNNING",
                SlaveId = "a-1", StartedAt = "2026-11-24T12:00:01.000Z", Version = "2026-11-24T12:00:00.000Z",
                HealthCheckResults = [new HealthCheckResult { Alive = false, LastFailureCause = "503 Service Unavailable" }],
            },
        ],
    };

    public static readonly App Idle = Search with
    {
        Id = "/shop/idle",
        Instances = 0,
        TasksRunning = 0,
        TasksHealthy = 0,
        TasksUnhealthy = 0,
        Labels = null,
        Tasks = [],
    };

    public const string Pods = """
        [{"id": "/shop/pair", "spec": {"id": "/shop/pair", "scaling": {"instances": 2},
          "version": "2026-11-24T12:00:00.000Z"}, "status": "DEGRADED",
          "statusSince": "2026-11-24T12:00:00.000Z", "lastUpdated": "x", "lastChanged": "x",
            "instances": [{"id": "shop_pair.instance-0123456789ab",
            "status": "STABLE", "statusSince": "x", "agentHostname": "node-1", "agentId": "a-1", "resources": {"cpus": 1.5,
              "mem": 128},
            "specReference": "x", "lastUpdated": "x", "lastChanged": "x",
            "containers": [{"name": "web", "status": "TASK_RUNNING", "statusSince": "x",
              "containerId": "shop_pair.instance-0123456789ab.web",
              "resources": {}, "lastUpdated": "x",
              "lastChanged": "x", "conditions": [{"name": "healthy", "value": "false", "lastChanged": "x", "lastUpdated": "x"}],
              "endpoints": [{"name": "http", "allocatedHostPort": 31005, "healthy": false}]}]}]}]
        """;

    public const string Deployments = """
        [{"id": "d-1", "version": "2026-11-24T12:00:00.000Z", "currentStep": 1, "totalSteps": 3, "affectedApps": ["/shop/search"],
          "steps": [{"actions": [{"action": "RestartApplication", "app": "/shop/search"}]}, {"actions": []}, {"actions": []}],
          "currentActions": [{"action": "RestartApplication", "app": "/shop/search", "stage": "canary 25%"}],
          "paused": {"since": "2026-11-24T12:00:00.000Z", "message": "it waits to be promoted"}},
         {"id": "d-2", "version": "2026-11-24T12:00:00.000Z", "currentStep": 1, "totalSteps": 1, "affectedApps": ["/shop/idle"],
          "currentActions": [{"action": "ScaleApplication", "app": "/shop/idle"}]}]
        """;

    public const string Queue = """
        {"queue": [{"count": 1, "since": "2026-11-24T12:00:00Z", "delay": {"timeLeftSeconds": 0, "overdue": true},
          "app": {"id": "/shop/search"},
          "processedOffersSummary": {"processedOffersCount": 7, "unusedOffersCount": 7},
          "lastUnusedOffers": [{"offer": {"hostname": "node-3"}, "timestamp": "2026-11-24T12:00:00Z",
            "reason": ["InsufficientCpus"],
            "message": "0.2 of 0.5 cpus are free"}]}]}
        """;

    public const string Agents = """
        {"slaves": [{"id": "a-1", "hostname": "node-1", "active": true, "resources": {"cpus": 8, "mem": 1024},
          "used_resources": {"cpus": 2.5, "mem": 512},
          "attributes": {"rack": "1"}},
          {"id": "a-2", "hostname": "node-2", "active": false, "resources": {"cpus": 8, "mem": 1024},
            "used_resources": {"cpus": 0, "mem": 0}}]}
        """;

    public const string Decisions = """
        {"decisions": [{"id": "2", "at": "2026-11-24T12:00:00Z", "app": "/shop/search", "policy": "search", "rule": "busy",
          "from": 2, "to": 3, "reason": "busy: tpm 24 > 10 * instances 2 for 30s, +1", "outcome": "applied", "dryRun": false},
          {"id": "1", "at": "2026-11-24T11:00:00Z", "app": "/shop/idle", "policy": "night", "from": 1, "to": 1,
            "reason": "nobody calls",
           "outcome": "held", "dryRun": false}]}
        """;

    public const string Policies = """
        {"policies": [{"name": "search", "app": "/shop/search", "file": "search.yml", "place": "search.yml:1:1",
          "state": "inForce", "min": 1, "max": 9,
           "dryRun": false, "apps": ["/shop/search"],
             "findings": [{"message": "the policy 'search' has a rule without effect"}]}],
         "budgets": [
           {"name": "shop", "apps": "/shop/*", "instances": 24, "cost": 40.5, "used": {"instances": 7}},
           {"name": "new", "apps": "/new/*", "cpus": 2}],
         "files": [{"file": "search.yml", "problems": []},
           {"file": "night.yml", "problems": [{"line": 7, "column": 3, "severity": "error", "message": "unknown name 'tmp'"}]}]}
        """;

    private const string Governed = """
        {"app": "/shop/search", "policy": "search", "instances": 3, "min": 1, "max": 9, "desired": 3, "dryRun": false,
         "reason": "busy asks for 3", "metricsMissing": false, "inFlight": false}
        """;

    /// <summary>All pages have something to show.</summary>
    public static void ShowAll(this ConsoleUnderTest console)
    {
        console.Show(Search, Idle);
        console.Answers["/v2/pods::status"] = Pods;
        console.Answers["/v2/deployments"] = Deployments;
        console.Answers["/v2/queue"] = Queue;
        console.Answers["/v2/tasks"] = """{"tasks": [{"id": "t", "appId": "/shop/search", "slaveId": "a-1"}]}""";
        console.Answers["/slaves"] = Agents;
        console.Answers["/v1/decisions"] = Decisions;
        console.Answers["/v1/policies"] = Policies;
        console.Answers["/v1/targets"] =
            """{"targets": [{"app": "/shop/search", "address": "http://h:1/admin", "state": "down", "lastError": "500"}]}""";
        console.Answers["/v1/apps"] = $$"""{"apps": [{{Governed}}], "ungoverned": 1}""";
        console.Answers["/v1/apps/shop/search/explain"] = $$"""
            {"summary": "3 instances, since busy asks for them", "app": {{Governed}}, "rules": ["busy"], "schedules": [],
              "recent": [],
             "metrics": [{"metric": "tpm", "value": 24, "thresholds": [10]}],
             "opinions": [{"rule": "busy", "verdict": "count", "count": 3, "reason": "tpm 24 > 20"}]}
            """;
        console.Answers["/v2/apps/shop/search/versions"] =
            """{"versions": ["2026-11-24T12:00:00.000Z", "2026-11-23T12:00:00.000Z"]}""";
        console.Answers["/v2/apps/shop/search/versions/2026-11-24T12:00:00.000Z"] =
            """{"id": "/shop/search", "cmd": "serve", "env": {"KEY": "secret-2", "SAME": "x"}}""";
        console.Answers["/v2/apps/shop/search/versions/2026-11-23T12:00:00.000Z"] =
            """{"id": "/shop/search", "cmd": "serve --old", "env": {"KEY": "secret-1", "SAME": "x"}}""";
    }
}
