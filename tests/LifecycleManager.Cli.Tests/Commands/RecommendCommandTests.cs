namespace LifecycleManager.Cli.Tests.Commands;

public sealed class RecommendCommandTests
{
    private const string Answer = """
        {"at":"2026-11-24T19:00:00Z","apps":[
          {"app":"/a","instances":1,
           "cpus":{"verdict":"fits","asked":0.5,"used":0.4,"lower":0.3,"target":0.46,"upper":0.9},
           "mem":{"verdict":"unknown","asked":128,"unused":0},"waste":{"cpus":0,"mem":0},
           "advice":"its cpus are right","samples":2000,"days":1.3},
          {"app":"/shop/search","instances":3,
           "cpus":{"verdict":"tooMuch","asked":2,"used":0.3,"lower":0.2,"target":0.36,"upper":0.5,"unused":1.64},
           "mem":{"verdict":"fits","asked":512,"used":400.5,"lower":300,"target":462,"upper":700,"unused":0},
           "waste":{"cpus":4.92,"mem":0},"advice":"0.36 would do",
           "put":{"cpus":0.36},"samples":2000,"days":1.3}],
         "totals":{"apps":2,"known":2,"asked":{"cpus":6.5,"mem":1664},"waste":{"cpus":4.92,"mem":0}}}
        """;

    [Fact]
    public async Task Apps_are_shown_with_the_greatest_waste_first()
    {
        var asked = "";
        await using var manager = await Answering.StartAsync(path =>
        {
            asked = path;
            return (200, Answer);
        });
        var run = await Lcm.RunAsync("recommend", "--manager", manager.Address.ToString());

        Assert.Equal((0, "", "/v1/recommendations"), (run.Code, run.Error, asked));
        Assert.Equal(
            """
            APP           INSTANCES  CPUS  USED  RIGHT  MEM  PEAKS  RIGHT  WASTED CPUS  WASTED MB  ADVICE
            /shop/search          3     2   0.3   0.36  512  400.5    462         4.92          0  0.36 would do
            /a                    1   0.5   0.4   0.46  128      -      -            0          0  its cpus are right
            lcm: 4.92 of 6.5 cpus and 0 of 1664 MB are asked and not used; known of 2 of 2 apps

            """, run.Output.ReplaceLineEndings("\n"));
    }

    [Fact]
    public async Task Of_one_app_the_body_of_a_deployment_is_shown_and_what_is_wrong_is_told()
    {
        var asked = "";
        await using var manager = await Answering.StartAsync(path =>
        {
            asked = path;
            return (200, Answer[..^1] + ""","problem":"no master","leftOut":3,"setAside":["manager/usage/x"]}""");
        });
        var run = await Lcm.RunAsync("recommend", "shop/search", "--manager", manager.Address.ToString());

        Assert.Equal("/v1/recommendations?app=%2Fshop%2Fsearch", asked);
        Assert.EndsWith(
            """
            lcm: PUT /v2/apps/shop/search {"cpus":0.36}
            lcm: no master
            lcm: 3 apps more are not kept
            lcm: begun anew, since what is stored cannot be read: manager/usage/x

            """, run.Output.ReplaceLineEndings("\n"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Json_is_the_managers_answer()
    {
        await using var manager = await Answering.StartAsync(_ => (200, Answer));
        var run = await Lcm.RunAsync("recommend", "--output", "json", "--manager", manager.Address.ToString());
        using var json = System.Text.Json.JsonDocument.Parse(run.Output);
        Assert.Equal(4.92, json.RootElement.GetProperty("totals").GetProperty("waste").GetProperty("cpus").GetDouble());
    }

    [Theory]
    [InlineData(404, """{"message":"there is no app '/x'"}""", "lcm: there is no app '/x'")]
    [InlineData(200, "{}", "did not answer with what a manager answers")]
    [InlineData(200, "<html>", "cannot be read")]
    [InlineData(502, "", "answered 502")]
    public async Task What_cannot_be_shown_is_one_line(int status, string body, string expected)
    {
        await using var manager = await Answering.StartAsync(_ => (status, body));
        var run = await Lcm.RunAsync("recommend", "/x", "--manager", manager.Address.ToString());
        Assert.Equal((1, ""), (run.Code, run.Output));
        Assert.Contains(expected, Assert.Single(run.Error.Trim().Split('\n')), StringComparison.Ordinal);
    }
}
