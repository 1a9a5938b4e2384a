namespace LifecycleManager.Cli.Tests.Commands;

public sealed class ScheduleCommandTests : IDisposable
{
    private const string Fire = """
        {"id":"nightly@20261124T013000Z","due":"2026-11-24T01:30:00Z","at":"2026-11-24T01:30:01Z","state":"failed","count":"20",
         "reason":"no app is '/batch'","apps":[]}
        """;

    private const string Job = $$"""
        {"name":"nightly","app":"/batch","count":"20","when":"0 30 1 * * ?","next":"2026-11-25T01:30:00Z","last":{{Fire}} }
        """;

    private const string Paused = """
        {"name":"weekly","app":"/b","count":"at least 2","pausedSince":"2026-11-24T00:00:00Z","pausedReason":"a freeze"}
        """;

    private readonly string _file = Path.GetTempFileName();

    public void Dispose() => File.Delete(_file);

    [Fact]
    public async Task All_schedules_are_listed_over_all_pages()
    {
        var asked = new List<string>();
        await using var manager = await Answering.StartAsync(path =>
        {
            asked.Add(path);
            return (200, asked.Count == 1 ? $$"""{"schedules":[],"jobs":[{{Job}}],"after":"nightly"}"""
                : $$"""{"schedules":[],"jobs":[{{Paused}}]}""");
        });
        var run = await Lcm.RunAsync("schedule", "list", "--manager", manager.Address.ToString());
        Assert.Equal((0, ""), (run.Code, run.Error));
        Assert.Equal(["/v1/schedules", "/v1/schedules?after=nightly"], asked);
        Assert.Equal(
            """
            NAME     APP     COUNT       NEXT                  LAST                         STATE
            nightly  /batch  20          2026-11-25 01:30:00Z  failed 2026-11-24 01:30:00Z  waits
            weekly   /b      at least 2  -                     -                            paused: a freeze

            """, run.Output.ReplaceLineEndings("\n"));
    }

    [Fact]
    public async Task One_is_shown_with_its_next_and_last_fires()
    {
        await using var manager = await Answering.StartAsync(path => (200, path.EndsWith("/history", StringComparison.Ordinal)
            ? $$"""{"name":"nightly","fires":[{{Fire}}]}"""
            : $$"""{"job":{{Job}},"next":["2026-11-25T01:30:00Z"],"open":[],"history":[{{Fire}}]}"""));
        var address = manager.Address.ToString();
        var shown = await Lcm.RunAsync("schedule", "show", "nightly", "--manager", address);
        Assert.Equal((0, ""), (shown.Code, shown.Error));
        Assert.Contains("state: waits\nnext: 2026-11-25 01:30:00Z\nDUE ",
            shown.Output.ReplaceLineEndings("\n"), StringComparison.Ordinal);
        var history = await Lcm.RunAsync("schedule", "history", "nightly", "--manager", address);
        Assert.EndsWith("nightly@20261124T013000Z  no app is '/batch'", history.Output.Trim(), StringComparison.Ordinal);
        var next = await Lcm.RunAsync("schedule", "next", "nightly", "--count", "1", "--manager", address);
        Assert.Equal("next: 2026-11-25 01:30:00Z", next.Output.Trim());
        var json = await Lcm.RunAsync("schedule", "history", "nightly", "--output", "json", "--manager", address);
        Assert.StartsWith("{", json.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("add FILE", "/v1/schedules")]
    [InlineData("add FILE --replace", "/v1/schedules?replace=true")]
    [InlineData("remove a b", "/v1/schedules/a%20b")]
    [InlineData("pause a b", "/v1/schedules/a%20b/pause")]
    [InlineData("resume a b", "/v1/schedules/a%20b/resume")]
    [InlineData("run a b", "/v1/schedules/a%20b/run")]
    [InlineData("skip a b", "/v1/schedules/a%20b/skip")]
    public async Task What_a_manager_says_is_told_and_what_it_refuses_fails(string command, string path)
    {
        var (asked, status) = ("", 200);
        await using var manager = await Answering.StartAsync(at =>
        {
            asked = at;
            return (status, """{"message":"so it is"}""");
        });
        string[] words = [.. command.Replace("a b", "a-b", StringComparison.Ordinal).Split(' ')
            .Select(word => word == "FILE" ? _file : word.Replace("a-b", "a b", StringComparison.Ordinal))];
        var run = await Lcm.RunAsync(["schedule", .. words, "--manager", manager.Address.ToString()]);
        Assert.Equal((0, "so it is", path), (run.Code, run.Output.Trim(), asked));
        status = 409;
        run = await Lcm.RunAsync(["schedule", .. words, "--manager", manager.Address.ToString()]);
        Assert.Equal((1, "lcm: so it is"), (run.Code, run.Error.Trim()));
    }
}
