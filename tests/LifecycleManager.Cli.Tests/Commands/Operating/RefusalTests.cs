using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace LifecycleManager.Cli.Tests.Commands.Operating;

/// <summary>Whatever goes wrong with a call is one line that says what to do next, with the exit code of its kind.</summary>
public sealed class RefusalTests : IDisposable
{
    private readonly string _file = Path.GetTempFileName();

    public static TheoryData<string> Commands =>
    [
        "app list", "app show /web", "app diff FILE", "app deploy FILE", "app scale /web 2", "app restart /web",
            "app suspend /web",
        "app stop /web --yes", "app versions /web", "app rollback /web", "deployment list", "deployment watch d1",
        "deployment rollback d1", "deployment promote d1", "queue", "events", "app open /web", "group list",
        "group stop /web --yes", "pod list", "pod stop /web --yes",
    ];

    /// <summary>What asks a master or a manager.</summary>
    public static TheoryData<string, string> OfOthers => new()
    {
        { "agent list", "master" }, { "agent show h", "master" }, { "agent drain h", "master" }, { "agent resume h", "master" },
        { "decision list", "manager" }, { "decision watch", "manager" }, { "budget", "manager" },
        { "override list", "manager" }, { "override set /web 2", "manager" }, { "override end /web", "manager" },
        { "pause list", "manager" }, { "pause set /web", "manager" }, { "pause end", "manager" },
    };

    public void Dispose() => File.Delete(_file);

    [Theory]
    [MemberData(nameof(Commands))]
    public async Task Each_status_has_its_code_and_its_advice(string command)
    {
        foreach (var (status, code, body, says) in ((int, int, string, string)[])
        [
            (401, 5, """{"message":"who?"}""", "--principal"),
            (403, 5, """{"message":"it needs operate"}""", "it needs operate"),
            (404, 6, """{"message":"it does not exist"}""", "it does not exist"),
            (409, 7, """{"message":"App is locked by one or more deployments.","deployments":[{"id":"d9"}]}""", "watch d9"),
            (503, 8, """{"message":"no leader"}""", "no leader"),
            (500, 1, "<html>oops</html>", "its log says why"),
            (200, 1, "<html>a page</html>", "--scheduler"),
        ])
        {
            if (status == 200 && command == "events") continue;
            await using var scheduler = await Answering.StartAsync(_ => (status, body));
            var run = await RunAsync(command, scheduler.Address);

            // To a file's author, an app that is not there is one to be made.
            if (status == 404 && command is "app diff FILE") Assert.Equal(2, run.Code);
            else AssertLine(run, code, says, $"{command} at {status}");
        }
    }

    [Theory]
    [MemberData(nameof(OfOthers))]
    public async Task So_it_is_of_masters_and_managers(string command, string role)
    {
        foreach (var (status, code, body, says) in ((int, int, string, string)[])
        [
            (401, 5, """{"message":"who?"}""", "--principal"),
            (403, 5, """{"message":"it needs operate"}""", "it needs operate"),
            (409, 1, """{"message":"the policy only watches"}""", "the policy only watches (409)"),
            (503, 8, """{"message":"no leader"}""", "no leader"),
            (500, 1, "<html>oops</html>", "its log says why"),
        ])
        {
            await using var asked = await Answering.StartAsync(_ => (status, body));
            AssertLine(await Lcm.RunAsync([.. command.Split(' '), $"--{role}", asked.Address.ToString()]), code, says,
                $"{command} at {status}");
        }

        AssertLine(await Lcm.RunAsync([.. command.Split(' '), $"--{role}", "http://127.0.0.1:9"]), 8, $"is --{role} right?",
            command);
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        var run = await Lcm.RunAsync(
            [.. command.Split(' '), $"--{role}", $"http://{silent.LocalEndpoint}", "--timeout", "300ms"]);
        // What may have been done is not known.
        var isChange = command is "override set /web 2" or "override end /web" or "pause set /web" or "pause end";
        AssertLine(run, isChange ? 4 : 8, "within 0.3 s", command);
    }

    [Theory]
    [InlineData(401, 5, "who calls")]
    [InlineData(403, 5, "lacks the permission 'exec'")]
    [InlineData(404, 6, "there is no container")]
    [InlineData(409, 1, "already (409)")]
    [InlineData(501, 1, "does not implement")]
    [InlineData(503, 8, "64 commands")]
    public async Task What_an_agent_says_against_a_command_beside_a_task_is_said(int status, int code, string says)
    {
        await using var agent = await Answering.OfCallsAsync(call => call.Request.HttpMethod == "POST"
            ? (status, status switch
            {
                403 => "Forbidden: principal 'ops' lacks the permission 'exec'\n",
                404 => "there is no container 'c' here\n",
                409 => "there is a container 'x' already\n",
                501 => "this agent does not implement the call\n",
                _ => "64 commands run beside tasks already\n",
            })
            : (200, """
                {"frameworks":[{"executors":[{"id":"t","container":"c","directory":"/x","tasks":[{"id":"web.instance-1"}]}]}]}
                """));
        await using var master = await Answering.OfCallsAsync(call => (200, call.Request.HttpMethod == "POST" ? "{}"
            : $$"""{"slaves":[{"id":"a1","hostname":"h","pid":"slave(1)@{{agent.Address.Authority}}"}]}"""));
        await using var scheduler = await Answering.StartAsync(_ => (200,
            """{"tasks":[{"id":"web.instance-1","appId":"/web","slaveId":"a1"}]}"""));
        AssertLine(await RunAsync($"app exec /web --master {master.Address} -- true", scheduler.Address), code, says,
            $"{status}");
    }

    [Theory]
    [MemberData(nameof(Commands))]
    public async Task Nobody_there_is_said_with_the_option_that_names_it(string command) =>
        AssertLine(await RunAsync(command, new Uri("http://127.0.0.1:9")), 8, "is --scheduler right?", command);

    [Theory]
    [MemberData(nameof(Commands))]
    public async Task An_answer_that_does_not_come_is_waited_for_as_long_as_is_said(string command)
    {
        // It takes connections, and says nothing.
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        var clock = Stopwatch.StartNew();
        var run = await RunAsync(command + " --timeout 300ms", new Uri($"http://{silent.LocalEndpoint}"));
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(20), $"{command}: {clock.Elapsed}");

        // A promotion is a change from the first call on: it may have been made.
        AssertLine(run, command == "deployment promote d1" ? 4 : 8, "within 0.3 s", command);
    }

    [Fact]
    public async Task A_definition_that_is_refused_names_each_place()
    {
        await using var scheduler = await Answering.OfCallsAsync(call => call.Request.HttpMethod == "PUT"
            ? (422, """{"message":"Object is not valid","details":[{"path":"/mem","errors":["must be more than 0"]}]}""")
            : call.Request.RawUrl!.StartsWith("/v2/events", StringComparison.Ordinal) ? (200, "") : (404, "{}"));
        AssertLine(await RunAsync("app deploy FILE", scheduler.Address), 1, "/mem: must be more than 0", "deploy");
    }

    [Fact]
    public async Task A_change_without_an_answer_is_unknown()
    {
        await using var scheduler = await Answering.OfCallsAsync(call =>
        {
            if (call.Request.HttpMethod != "GET") Thread.Sleep(2_000);
            return call.Request.RawUrl!.StartsWith("/v2/events", StringComparison.Ordinal) ? (200, "")
                : (200, """{"app":{"id":"/web"}}""");
        });
        AssertLine(await RunAsync("app scale /web 2 --timeout 500ms", scheduler.Address), 4, "lcm status", "scale");
    }

    [Fact]
    public async Task Logs_of_an_agent_that_is_gone_and_of_one_that_is_unknown_say_so()
    {
        await using var scheduler = await Answering.StartAsync(_ => (200,
            """{"tasks":[{"id":"web.instance-01234567-x._app.1","appId":"/web","slaveId":"a1"}]}"""));
        var slaves = """{"slaves":[{"id":"a1","hostname":"h","pid":"slave(1)@127.0.0.1:9"}]}""";
        await using var master = await Answering.OfCallsAsync(call =>
            (200, call.Request.HttpMethod == "POST" ? "{}" : slaves));
        AssertLine(await RunAsync($"app logs /web --master {master.Address}", scheduler.Address), 8,
            "the agent at http://127.0.0.1:9 cannot be reached", "gone");
        slaves = """{"slaves":[]}""";
        AssertLine(await RunAsync($"app files list /web --master {master.Address}", scheduler.Address), 6,
            "the master knows no agent a1", "unknown");
        AssertLine(await RunAsync("app logs /web --master http://127.0.0.1:9", scheduler.Address), 8, "is --master right?",
            "away");
    }

    [Fact]
    public async Task Who_loses_the_scheduler_while_he_waits_knows_how_to_go_on()
    {
        var made = false;
        await using var scheduler = await Answering.OfCallsAsync(call =>
        {
            var path = call.Request.RawUrl!;
            if (made && call.Request.HttpMethod == "GET") return (503, """{"message":"no leader"}""");
            made |= call.Request.HttpMethod == "PUT";
            return path.StartsWith("/v2/events", StringComparison.Ordinal) ? (200, "")
                : call.Request.HttpMethod == "PUT" ? (200, """{"version":"v","deploymentId":"d7"}""") : (404, "{}");
        });
        AssertLine(await RunAsync("app deploy FILE --timeout 1s", scheduler.Address), 4, "'lcm deployment watch d7' goes on",
            "deploy");
    }

    [Fact]
    public async Task Escape_sequences_of_an_answer_reach_no_terminal()
    {
        await using var scheduler = await Answering.StartAsync(_ => (403, "{\"message\":\"\\u001b[2Jgone\\u0007\"}"));
        var run = await RunAsync("app list", scheduler.Address);
        Assert.Contains("\\x1b[2Jgone", run.Error, StringComparison.Ordinal);
        Assert.DoesNotContain(run.Error, c => char.IsControl(c) && c is not ('\n' or '\r'));
    }

    [Theory]
    [InlineData("app lisst", "did you mean 'list'?")]
    [InlineData("app list --outptu json", "--outptu")]
    [InlineData("deploymnet list", "did you mean 'deployment'?")]
    public async Task A_wrong_word_is_one_line_and_no_page_of_help(string command, string says)
    {
        var run = await Lcm.RunAsync(command.Split(' '));
        AssertLine(run, 1, says, command);
        Assert.Equal("", run.Output);
    }

    [Fact]
    public async Task A_command_of_commands_shows_them_and_each_help_ends_with_examples()
    {
        Assert.Contains("deploy <file>", (await Lcm.RunAsync("app")).Output, StringComparison.Ordinal);
        Assert.EndsWith("lcm app scale web 3 --no-wait", (await Lcm.RunAsync("app", "scale", "--help")).Output.Trim(),
            StringComparison.Ordinal);
    }

    private async Task<Lcm> RunAsync(string command, Uri scheduler)
    {
        await File.WriteAllTextAsync(_file, """{"id":"/web","cmd":"sleep 1"}""");
        string[] words = [.. command.Split(' ').Select(word => word == "FILE" ? _file : word)];
        // Behind -- is a command of others.
        var at = Array.IndexOf(words, "--") is >= 0 and var dashes ? dashes : words.Length;
        return await Lcm.RunAsync([.. words[..at], "--scheduler", scheduler.ToString(), .. words[at..]]);
    }

    private static void AssertLine(Lcm run, int code, string says, string what)
    {
        Assert.True(run.Code == code, $"{what}: {run.Code}, not {code}\n{run.Error}{run.Output}");
        Assert.True(run.Error.StartsWith("lcm: ", StringComparison.Ordinal) && run.Error.Trim().Split('\n').Length == 1,
            $"{what}: {run.Error}");
        Assert.True(run.Error.Contains(says, StringComparison.Ordinal), $"{what}: {run.Error}");
    }
}
