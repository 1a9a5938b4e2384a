// Rules in C# over several apps; `--csharp-rules` puts them in force. App.Wanted is what an app's own policy asks for, raised by
// what other rules have asked for before.
using LifecycleManager.Rules;
using NRules.Fluent.Dsl;

namespace Examples.Store;

[Name("the api follows the web tier, before its own metrics say so")]
[Apps("/examples/store/web", "/examples/store/api")]
public sealed class ApiFollowsWeb : Rule
{
    public override void Define()
    {
        App web = default!, api = default!;

        When()
            .Match(() => web, app => app.Id == "/examples/store/web")
            .Match(() => api, app => app.Id == "/examples/store/api", app => web.Wanted > 2 * app.Wanted);

        Then()
            .Yield(_ => new AtLeast(api, (web.Wanted + 1) / 2, $"the web tier wants {web.Wanted}"));
    }
}

[Name("nothing behind a growing tier shrinks")]
[Apps("/examples/store/web", "/examples/store/api")]
public sealed class NothingBehindGrowthShrinks : Rule
{
    public override void Define()
    {
        App web = default!, api = default!;

        When()
            .Match(() => web, app => app.Id == "/examples/store/web", app => app.Wanted > app.Instances)
            .Match(() => api, app => app.Id == "/examples/store/api");

        Then()
            .Yield(_ => new Hold(api, Direction.ScaleIn, "the web tier grows"));
    }
}

[Name("batch makes room for what customers use")]
[Apps("/examples/store/batch-*", Group = "batch")]
public sealed class BatchMakesRoom : Rule
{
    public override void Define()
    {
        App batch = default!;
        Cluster cluster = default!;
        Group all = default!;

        When()
            .Match(() => batch, app => app.Instances > 0)
            .Match(() => cluster, c => c.Waiting(batch) > 0)
            .Match(() => all, group => group.Name == "batch");

        Then()
            .Yield(_ => new AtMost(batch, batch.Instances - 1,
                $"{cluster.Waiting(batch)} instances wait for room, and batch has {all.Instances}"));
    }
}

[Name("the cache keeps up with the queue in office hours")]
[Apps("/examples/store/worker", "/examples/store/cache")]
public sealed class CacheKeepsUp : Rule
{
    public override void Define()
    {
        App worker = default!, cache = default!;
        Clock clock = default!;

        When()
            .Match(() => worker, app => app.Id == "/examples/store/worker", app => app["queue"] > 1000)
            .Match(() => cache, app => app.Id == "/examples/store/cache")
            .Match(() => clock, c => c.In("Europe/London").Hour >= 8 && c.In("Europe/London").Hour < 18);

        Then()
            .Yield(_ => new AtLeast(cache, cache.Instances + 1, $"{worker["queue"]:0} messages wait"));
    }
}
