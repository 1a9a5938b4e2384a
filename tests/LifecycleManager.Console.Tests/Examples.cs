using System.Net;
using LifecycleManager.Protocol.Marathon;
using LifecycleManager.Testing;

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
          "attributes": {"rack": "1"}, "domain": {"fault_domain": {"region": {"name": "eu"}, "zone": {"name": "eu-1"}}}},
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

    public const string Schedules = """
        {"schedules": [{"policy": "night", "rule": "low", "cron": "0 0 22 * * ?", "until": "0 0 6 * * ?", "zone": "Europe/Berlin",
           "active": false, "next": "2031-05-06T20:00:00Z"}],
         "jobs": [{"name": "nightly", "file": "jobs.yml", "app": "/shop/search", "count": "20", "when": "0 0 1 * * ?",
           "zone": "Europe/Berlin", "dryRun": false, "next": "2031-05-06T23:00:00Z",
           "last": {"id": "nightly@1", "due": "2026-11-23T23:00:00Z", "at": "2026-11-23T23:00:00Z",
             "state": "failed", "count": "20",
             "reason": "the scheduler refused it"}},
           {"name": "sale", "addedBy": "ann", "app": "/shop/idle", "count": "at least 6", "when": "2031-05-07T08:00",
            "zone": "UTC", "dryRun": false, "pausedSince": "2026-11-24T12:00:00Z", "pausedReason": "a freeze",
            "next": "2031-05-07T08:00:00Z"}]}
        """;

    public const string Nightly = """
        {"job": {"name": "nightly", "file": "jobs.yml", "app": "/shop/search", "count": "20", "when": "0 0 1 * * ?",
           "zone": "Europe/Berlin", "dryRun": false, "next": "2031-05-06T23:00:00Z"},
         "next": ["2031-05-06T23:00:00Z", "2031-05-07T23:00:00Z"], "open": [],
         "history": [{"id": "nightly@1", "due": "2026-11-23T23:00:00Z", "at": "2026-11-23T23:00:00Z",
             "state": "failed", "count": "20",
           "reason": "the scheduler refused it", 
           "apps": [{"app": "/shop/search", "before": 2, "phase": "failed", "problem": "locked"}]}]}
        """;

    public const string Sale = """
        {"job": {"name": "sale", "app": "/shop/idle", "count": "at least 6", "when": "2031-05-07T08:00", "zone": "UTC",
           "dryRun": false, "pausedSince": "2026-11-24T12:00:00Z", "next": "2031-05-07T08:00:00Z"},
         "text": "name: sale", "next": ["2031-05-07T08:00:00Z"], "open": [], "history": []}
        """;

    public const string Sizes = """
        {"at": "2026-11-24T12:00:00Z", "apps": [
          {"app": "/shop/search", "instances": 3, "cpus": {"verdict": "tooMuch", "asked": 0.5, "target": 0.2},
           "mem": {"verdict": "tooMuch", "asked": 256, "target": 128}, "waste": {"cpus": 0.9, "mem": 384},
           "advice": "0.2 cpus and 128 MB would do", "put": {"cpus": 0.2, "mem": 128}, "samples": 9000, "days": 7.5},
          {"app": "/shop/idle", "instances": 0, "cpus": {"verdict": "unknown", "asked": 0.5},
           "mem": {"verdict": "unknown", "asked": 256},
           "waste": {"cpus": 0, "mem": 0}, "advice": "not measured yet", "samples": 0, "days": 0}],
         "totals": {"apps": 2, "known": 1, "asked": {"cpus": 1.5, "mem": 768}, "waste": {"cpus": 0.9, "mem": 384}}}
        """;

    public const string Moves = """
        {"moves": [{"app": "/shop/search", "task": "t-1", "from": "node-1", "to": "node-2", "reason": "two of it are on node-1"},
          {"app": "/shop/search", "task": "t-2", "from": "node-1", "to": "node-3", "reason": "node-3 is empty"}]}
        """;

    public const string Summary = """
        {"hostname": "master-1", "slaves": [], "frameworks": [{"id": "f-1", "name": "marathon", "connected": true,
          "roles": ["*", "web"],
          "TASK_RUNNING": 2, "used_resources": {"cpus": 2, "mem": 384}, "offered_resources": {"cpus": 1, "mem": 64}}]}
        """;

    public const string Roles = """
        {"roles": [{"name": "web", "weight": 2.5, "quota": {"role": "web", "guarantee": {"cpus": 4}, "limit": {"mem": 900}},
          "frameworks": ["f-1"], "resources": {"cpus": 3, "mem": 448}, "allocated": {"cpus": 2, "mem": 384}}]}
        """;

    private const string Groups = """
        {"id": "/", "version": "2026-11-24T12:00:00.000Z", "dependencies": [], "groups": [
          {"id": "/shop", "version": "2026-11-24T12:00:00.000Z", "dependencies": ["/data"], "groups": [
            {"id": "/shop/new", "dependencies": [], "groups": []}]},
          {"id": "/data", "dependencies": [], "groups": []},
          {"id": "/mail", "dependencies": ["/shop/search"], "groups": []}]}
        """;

    /// <summary>What a check that finds nothing answers.</summary>
    public const string Good = """{"result": "good", "output": "", "errors": [], "problems": []}""";

    public const string PolicyFile = """
        policy: search
        app: /shop/search
        instances: { min: 1, max: 9 }
        rules:
          - rule: busy
            when: tpm > 10 * instances
            then: { add: 1 }

        """;

    private const string Document = """
        {"components": {"schemas": {
          "App": {"type": "object", "additionalProperties": false, "properties": {
            "id": {"type": "string"}, "cmd": {"type": "string"}, "cpus": {"type": "number"}, "mem": {"type": "number"},
            "disk": {"type": "number"}, "instances": {"type": "integer"}, "env": {"type": "object"}, "labels": {"type": "object"},
            "container": {"type": "object"}, "constraints": {"type": "array"}, "healthChecks": {"type": "array",
            "items": {"$ref": "#/components/schemas/AppHealthCheck"}}, "upgradeStrategy": {"type": "object"},
            "portDefinitions": {"type": "array"}, "user": {"type": "string"}}},
          "AppHealthCheck": {"type": "object", "properties": {"protocol": {"enum": ["HTTP", "TCP"]}, "path": {"type": "string"}}},
          "Pod": {"type": "object"}, "Group": {"type": "object"}}}}
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
        console.Answers["/v2/pods/shop/pair"] = """
            {"id": "/shop/pair", "scaling": {"kind": "fixed", "instances": 2}, "containers": [{"name": "web"}], "version": "v"}
            """;
        console.Answers["/v2/groups/shop"] = """
            {"id": "/shop", "apps": [{"id": "/shop/idle", "cmd": "serve", "version": "v"}], "groups": [], "version": "v"}
            """;
        console.Answers["/v2/groups"] = Groups;
        console.Answers["/openapi/marathon.json"] = Document;
        console.Answers["/v2/deployments"] = Deployments;
        console.Answers["/v2/queue"] = Queue;
        console.Answers["/v2/tasks"] = """{"tasks": [{"id": "t", "appId": "/shop/search", "slaveId": "a-1"}]}""";
        console.Answers["/slaves"] = Agents;
        console.Answers["/maintenance/schedule"] = "{}";
        console.Answers["/state-summary"] = Summary;
        console.Answers["/roles"] = Roles;
        console.Answers["/metrics/snapshot"] = """{"master/outstanding_offers": 3}""";
        console.Answers["/version"] = """{"version": "0.1.0"}""";
        console.Answers["/v2/info"] = """{"leader": "s1:8080", "buildref": "LifecycleManager 0.1.0"}""";
        console.Answers["/v2/rebalance"] = Moves;
        console.Answers["/v1/schedules"] = Schedules;
        console.Answers["/v1/schedules/nightly"] = Nightly;
        console.Answers["/v1/schedules/sale"] = Sale;
        console.Answers["/v1/stop"] = """{"stopped": false, "message": "changes are made: nobody has stopped them"}""";
        console.Answers["/v1/recommendations"] = Sizes;
        console.Answers["/v1/decisions"] = Decisions;
        console.Answers["/v1/policies"] = Policies;
        console.Answers["/v1/policies/files"] = """{"files": ["search.test.yml", "search.yml"], "writable": true}""";
        console.Answers["/v1/policies/files/search.yml"] = PolicyFile;
        console.Answers["/v1/policies/files/search.test.yml"] = "tests: []\n";
        console.Answers["/v1/policies/schema"] = File.ReadAllText(
            Repository.Path("src/LifecycleManager.Decisions/Policies/policy.schema.json"));
        console.ChangeAnswers["/v1/policies/check"] = (HttpStatusCode.OK, Good);
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
