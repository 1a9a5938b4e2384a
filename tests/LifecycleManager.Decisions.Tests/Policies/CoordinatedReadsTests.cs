using LifecycleManager.Decisions.Policies;

namespace LifecycleManager.Decisions.Tests.Policies;

/// <summary>What a coordination reads of an app is gathered, though no rule of the app's own policy reads it.</summary>
public sealed class CoordinatedReadsTests
{
    private const string Policies = """
        policy: web
        app: /shop/web
        instances: { min: 1, max: 20 }
        metrics: { load: { actuator: load }, same: { actuator: load }, queue: { rabbitmq: q }, lat: { histogram: lat } }
        rules:
          - { rule: own, when: 'avg(load, 5m) > 3', then: { add: 1 } }
        ---
        policy: api
        app: /shop/api
        instances: { min: 1, max: 20 }
        metrics: { queue: { rabbitmq: q } }
        rules:
          - { rule: own, when: 'max(queue, 5m) > 3', then: { add: 1 } }
        ---

        """;

    [Fact]
    public void A_metric_by_its_name_is_read_of_the_apps_that_it_is_read_of()
    {
        var (web, api) = Read("""
            coordination: c
            apps: { web: '/shop/w*', api: /shop/api }
            rules:
              - rule: r
                when: web.same > 1 and web.load > 1 and sum(web.queue) > web.wanted and web.lat > 1
                then: { api: { atLeast: 2 } }
            """);
        Assert.Equal(["avg(load, 5m)", "load", "same", "queue"], web.Reads.Select(read => read.Text));
        Assert.Equal(["max(queue, 5m)"], api.Reads.Select(read => read.Text));
        // Another digest: the app's state is made anew, with the new reads.
        var (before, _) = Read("");
        Assert.NotEqual(before.Digest, web.Digest);
        Assert.Equal(["avg(load, 5m)"], before.Reads.Select(read => read.Text));
    }

    private static (Policy Web, Policy Api) Read(string coordination)
    {
        var file = PolicyParser.Parse("f.yml", Policies + coordination);
        Assert.False(file.Refused);
        var set = PolicySet.Of(file.Policies, file.Coordinations, file.Budgets);
        return (set.Policies[0], set.Policies[1]);
    }
}
