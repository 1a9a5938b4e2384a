namespace LifecycleManager.Cli.Tests.Commands.Operating;

public sealed class ContextTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("lcm-contexts-").FullName;

    private string File => Path.Combine(_directory, "lcm", "contexts.json");

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task A_cluster_is_named_used_and_forgotten()
    {
        var asked = "";
        await using var scheduler = await Answering.OfCallsAsync(call =>
        {
            asked = call.Request.Headers["Authorization"] ?? "nobody";
            return (200, """{"apps":[]}""");
        });
        var secret = Path.Combine(_directory, "secret");
        await System.IO.File.WriteAllTextAsync(secret, "s3cret");
        Assert.Equal(8, (await RunAsync("app", "list", "--scheduler", "http://127.0.0.1:9")).Code);
        var set = await RunAsync("context", "set", "prod", "--scheduler", scheduler.Address.ToString(), "--principal", "ops",
            "--secret-file", secret, "--keep-secret");
        Assert.Equal((0, ""), (set.Code, set.Error));
        System.IO.File.Delete(secret);
        Assert.Equal(0, (await RunAsync("app", "list")).Code);
        Assert.Equal("Basic " + Convert.ToBase64String("ops:s3cret"u8), asked);
        var list = await RunAsync("context", "list", "-o", "json");
        Assert.True(list.Output.Contains("\"secret\": \"***\"", StringComparison.Ordinal), list.Output);
        Assert.DoesNotContain("s3cret", list.Output, StringComparison.Ordinal);
        if (!OperatingSystem.IsWindows())
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, System.IO.File.GetUnixFileMode(File));

        // What is said wins, and another can be meant for once.
        Assert.Equal(8, (await RunAsync("app", "list", "--scheduler", "http://127.0.0.1:9")).Code);
        await RunAsync("context", "set", "test", "--scheduler", "http://127.0.0.1:9");
        Assert.Equal(8, (await RunAsync("app", "list", "--context", "test")).Code);
        Assert.Equal(0, (await RunAsync("context", "use", "test")).Code);
        Assert.Equal(8, (await RunAsync("app", "list")).Code);
        var wrong = await RunAsync("context", "use", "prd");
        Assert.Equal((6, true), (wrong.Code, wrong.Error.Contains("did you mean 'prod'?", StringComparison.Ordinal)));
        await RunAsync("context", "remove", "test");
        Assert.Equal("prod\n", (await RunAsync("context", "list", "-o", "name")).Output.ReplaceLineEndings("\n"));
    }

    [Theory]
    [InlineData(UnixFileMode.GroupRead)]
    [InlineData(UnixFileMode.OtherRead)]
    [InlineData(UnixFileMode.OtherWrite)]
    public async Task A_file_that_others_can_read_is_refused(UnixFileMode others)
    {
        if (OperatingSystem.IsWindows()) return;
        await RunAsync("context", "set", "prod", "--scheduler", "http://127.0.0.1:9");
        System.IO.File.SetUnixFileMode(File, UnixFileMode.UserRead | UnixFileMode.UserWrite | others);
        foreach (var command in (string[])["app list", "context list", "context use prod"])
        {
            var run = await RunAsync(command.Split(' '));
            Assert.Equal((1, true), (run.Code, run.Error.Contains("chmod 600", StringComparison.Ordinal)));
        }
    }

    [Theory]
    [InlineData("{", "is no file of contexts")]
    [InlineData("{\"contxts\":{}}", "contxts")]
    [InlineData("{\"current\":\"gone\"}", "no context is 'gone'")]
    [InlineData("{\"current\":\"a\",\"contexts\":{\"a\":{\"scheduler\":\"nowhere\"}}}", "the scheduler of the context, nowhere")]
    [InlineData("{\"current\":\"a\",\"contexts\":{\"a\":{\"principal\":\"ops\"}}}", "no secret of 'ops'")]
    public async Task A_file_that_is_wrong_is_one_line(string text, string says)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(File)!);
        await System.IO.File.WriteAllTextAsync(File, text);
        if (!OperatingSystem.IsWindows()) System.IO.File.SetUnixFileMode(File, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        var run = await RunAsync("app", "list");
        Assert.True(run.Code is 1 or 6, $"{run.Code}");
        Assert.Contains(says, run.Error, StringComparison.Ordinal);
        Assert.Single(run.Error.Trim().Split('\n'));
    }

    private Task<Lcm> RunAsync(params string[] arguments) =>
        Lcm.RunAsync(new Dictionary<string, string?> { ["context-file"] = File }, default, arguments);
}
