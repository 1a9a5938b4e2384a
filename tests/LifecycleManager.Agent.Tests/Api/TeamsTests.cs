using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using LifecycleManager.Agent.Tests.Fakes;
using LifecycleManager.Protocol.Mesos;
using LifecycleManager.Security;

namespace LifecycleManager.Agent.Tests.Api;

/// <summary>
/// Teams at an agent: of the tasks of a scheduler that the credentials name, those of their apps; of all others, nothing.
/// </summary>
public sealed class TeamsTests : IAsyncLifetime
{
    private const string Mine = "shop_web.instance-1._app.1";
    private const string Others = "other_db.instance-1._app.1";

    private static readonly Principals Known = Principals.Parse("""
        {"schedulers": ["marathon"], "credentials": [
          {"principal": "ops", "secret": "s", "permissions": ["operate", "exec"]},
          {"principal": "viewer", "secret": "s", "groups": {"/shop/**": ["view"]}},
          {"principal": "logs", "secret": "s", "groups": {"/shop/**": ["logs"]}},
          {"principal": "files", "secret": "s", "groups": {"/shop/**": ["files"]}},
          {"principal": "shell", "secret": "s", "groups": {"/shop/**": ["exec"]}},
          {"principal": "stranger", "secret": "s", "groups": {"/nothing/**": ["files", "exec"]}}
        ]}
        """);

    private readonly TemporaryDirectory _directory = new();
    private readonly Dictionary<string, (string Directory, string Container)> _sandboxes = [];
    private FakeMaster _master = null!;
    private TestAgent _agent = null!;

    public async ValueTask InitializeAsync()
    {
        _master = await FakeMaster.StartAsync();
        _master.Framework = _master.Framework with { Principal = "marathon" };
        _agent = await TestAgent.StartAsync(TestAgent.Options(_master, _directory) with { Principals = Known });
        await _master.RegistrationAsync();
        foreach (var id in (string[])[Mine, Others])
        {
            _master.Launch(Make.Shell(id, "echo said; echo kept > data; ln -s /proc/self/root/etc/hostname out; sleep 1000"));
            await _master.UpdateAsync(id, TaskState.Running);
        }

        var state = JsonNode.Parse((await AskAsync("ops", "/state")).Text)!;
        foreach (var executor in state["frameworks"]![0]!["executors"]!.AsArray())
            _sandboxes[(string)executor!["id"]!] = ((string)executor["directory"]!, (string)executor["container"]!);
        await Wait.ForAsync(() => _sandboxes.Values.All(sandbox => File.Exists(sandbox.Directory + "/data")), "the tasks' files");
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var id in (string[])[Mine, Others]) _master.Kill(id);
        await _master.UpdateAsync(Mine, TaskState.Killed);
        await _master.UpdateAsync(Others, TaskState.Killed);
        await _agent.DisposeAsync();
        await _master.DisposeAsync();
        _directory.Dispose();
    }

    [Theory]
    [InlineData("viewer", "stdout", 403, 404)]
    [InlineData("viewer", "data", 403, 404)]
    [InlineData("logs", "stdout", 200, 404)]
    [InlineData("logs", "data", 403, 404)]
    [InlineData("files", "stdout", 200, 404)]
    [InlineData("files", "data", 200, 404)]
    [InlineData("files", "missing", 404, 404)]
    [InlineData("shell", "stdout", 403, 404)]
    [InlineData("stranger", "stdout", 404, 404)]
    [InlineData("ops", "data", 200, 200)]
    public async Task A_file_is_its_apps(string who, string file, int mine, int others)
    {
        foreach (var (task, status) in ((string, int)[])[(Mine, mine), (Others, others)])
        {
            var path = Uri.EscapeDataString($"{_sandboxes[task].Directory}/{file}");
            foreach (var how in (string[])["read", "read.json", "download", "tail"])
                Assert.Equal((HttpStatusCode)status, (await AskAsync(who, $"/files/{how}?path={path}&offset=0")).Status);
            Assert.Equal((HttpStatusCode)status, (await CallAsync(who, new JsonObject
            {
                ["type"] = "READ_FILE",
                ["read_file"] = new JsonObject { ["path"] = $"{_sandboxes[task].Directory}/{file}", ["offset"] = 0 },
            })).Status);
        }
    }

    [Theory]
    [InlineData("logs", 403, 404, 404)]
    [InlineData("files", 200, 404, 404)]
    [InlineData("stranger", 404, 404, 404)]
    [InlineData("ops", 200, 200, 200)]
    public async Task A_directory_is_its_apps_and_what_is_above_is_the_clusters(string who, int mine, int others, int above)
    {
        foreach (var (path, status) in ((string, int)[])
            [(_sandboxes[Mine].Directory, mine), (_sandboxes[Others].Directory, others),
            (Path.GetFullPath(_sandboxes[Mine].Directory + "/../../.."), above)])
        {
            Assert.Equal((HttpStatusCode)status,
                (await AskAsync(who, "/files/browse?path=" + Uri.EscapeDataString(path))).Status);
            Assert.Equal((HttpStatusCode)status, (await CallAsync(who, new JsonObject
            {
                ["type"] = "LIST_FILES",
                ["list_files"] = new JsonObject { ["path"] = path },
            })).Status);
        }
    }

    [Fact]
    public async Task Neither_a_link_nor_two_dots_lead_to_anothers_sandbox()
    {
        File.CreateSymbolicLink(_sandboxes[Mine].Directory + "/link", _sandboxes[Others].Directory + "/data");
        File.CreateSymbolicLink(_sandboxes[Mine].Directory + "/folder", _sandboxes[Others].Directory);
        var up = Path.GetRelativePath(_sandboxes[Mine].Directory, _sandboxes[Others].Directory);
        foreach (var path in (string[])["link", "folder/data", $"{up}/data"])
        {
            var full = Uri.EscapeDataString($"{_sandboxes[Mine].Directory}/{path}");
            Assert.Equal(HttpStatusCode.NotFound, (await AskAsync("files", $"/files/read?path={full}&offset=0")).Status);
            Assert.Equal(HttpStatusCode.OK, (await AskAsync("ops", $"/files/read?path={full}&offset=0")).Status);
        }

        var folder = Uri.EscapeDataString(_sandboxes[Mine].Directory + "/folder");
        Assert.Equal(HttpStatusCode.NotFound, (await AskAsync("files", $"/files/browse?path={folder}")).Status);
    }

    [Theory]
    [InlineData("/state")]
    [InlineData("/state.json")]
    [InlineData("/slave(1)/state")]
    [InlineData("/containers")]
    [InlineData("/monitor/statistics")]
    public async Task What_runs_is_shown_to_its_team(string path)
    {
        var (status, text) = await AskAsync("viewer", path);
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Contains(Mine, text, StringComparison.Ordinal);
        Assert.DoesNotContain("other_db", text, StringComparison.Ordinal);
        Assert.DoesNotContain(_directory.Path + "\"", text, StringComparison.Ordinal);
        Assert.DoesNotContain("shop_web", (await AskAsync("stranger", path)).Text, StringComparison.Ordinal);
        Assert.Contains(Others, (await AskAsync("ops", path)).Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("GET_STATE", 403)]
    [InlineData("GET_TASKS", 403)]
    [InlineData("GET_FRAMEWORKS", 403)]
    [InlineData("GET_EXECUTORS", 403)]
    [InlineData("GET_FLAGS", 403)]
    [InlineData("GET_METRICS", 403)]
    [InlineData("GET_AGENT", 403)]
    [InlineData("NO_SUCH", 403)]
    [InlineData("GET_CONTAINERS", 200)]
    [InlineData("GET_HEALTH", 200)]
    [InlineData("GET_VERSION", 200)]
    public async Task The_other_calls_are_the_clusters(string type, int status)
    {
        var answer = await CallAsync("files", new JsonObject { ["type"] = type });
        Assert.Equal((HttpStatusCode)status, answer.Status);
        Assert.DoesNotContain("other_db", answer.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("shell", Mine, 200)]
    [InlineData("shell", Others, 404)]
    [InlineData("files", Mine, 403)]
    [InlineData("files", Others, 404)]
    [InlineData("stranger", Mine, 404)]
    [InlineData("ops", Others, 200)]
    public async Task A_command_runs_beside_the_tasks_of_ones_apps(string who, string task, int status)
    {
        var id = new ContainerId(Guid.NewGuid().ToString(), new ContainerId(_sandboxes[task].Container));
        var (answered, text) = await CallAsync(who, ExecClient.Launch(id, isTerminal: false, "/bin/sh", "-c", "echo beside"));
        Assert.Equal((HttpStatusCode)status, answered);
        var ran = status == 200;
        Assert.Equal(ran, text.Contains(Convert.ToBase64String("beside\n"u8), StringComparison.Ordinal));
        Assert.Equal(ran, _agent.Log.Lines.Any(line =>
            line.Contains($"{who} at 127.0.0.1: exec {task}", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task What_is_over_is_its_apps_too()
    {
        var gone = "shop_api.instance-2._app.1";
        _master.Launch(Make.Shell(gone, "echo over"));
        await _master.UpdateAsync(gone, TaskState.Finished);
        await Wait.ForAsync(() => _agent.Service.Completed.Any(task => task.TaskId.Value == gone), "its end");
        var sandbox = _agent.Service.Completed.Single(task => task.TaskId.Value == gone).Sandbox;
        var path = $"/files/read?path={Uri.EscapeDataString(sandbox + "/stdout")}&offset=0";
        Assert.Equal(HttpStatusCode.OK, (await AskAsync("logs", path)).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await AskAsync("stranger", path)).Status);
        Assert.Contains(gone, (await AskAsync("viewer", "/state")).Text, StringComparison.Ordinal);
        Assert.DoesNotContain(gone, (await AskAsync("stranger", "/state")).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_tasks_of_another_framework_are_nobodys_whatever_their_ids_say()
    {
        var own = _master.Framework;
        _master.Framework = own with { Principal = "rogue", Id = new FrameworkId("framework-2") };
        var id = "shop_web.instance-9._app.1";
        _master.Launch(Make.Shell(id, "echo said; sleep 1000"));
        await _master.UpdateAsync(id, TaskState.Running);
        var run = _agent.Service.Tasks.Single(task => task.Record.TaskId.Value == id);
        Assert.DoesNotContain(id, (await AskAsync("files", "/state")).Text, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NotFound,
            (await AskAsync("files", $"/files/read?path={Uri.EscapeDataString(run.Sandbox + "/stdout")}&offset=0")).Status);
        var beside = new ContainerId(Guid.NewGuid().ToString(), new ContainerId(run.Record.ContainerId));
        Assert.Equal(HttpStatusCode.NotFound,
            (await CallAsync("shell", ExecClient.Launch(beside, isTerminal: false, "/bin/true"))).Status);
        Assert.Contains(id, (await AskAsync("ops", "/state")).Text, StringComparison.Ordinal);
        _master.Kill(id);
        await _master.UpdateAsync(id, TaskState.Killed);
        _master.Framework = own;
    }

    private async Task<(HttpStatusCode Status, string Text)> AskAsync(string who, string path)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Authorization = new Credential(who, "s").Header;
        using var answer = await _agent.Http.SendAsync(request);
        return (answer.StatusCode, await answer.Content.ReadAsStringAsync());
    }

    private async Task<(HttpStatusCode Status, string Text)> CallAsync(string who, JsonObject call)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/v1")
        {
            Headers = { Authorization = new Credential(who, "s").Header },
            Content = new StringContent(call.ToJsonString(), Encoding.UTF8, "application/json"),
        };
        using var answer = await _agent.Http.SendAsync(request);
        return (answer.StatusCode, await answer.Content.ReadAsStringAsync());
    }
}
