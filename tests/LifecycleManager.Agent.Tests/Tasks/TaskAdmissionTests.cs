using LifecycleManager.Agent.Tests.Fakes;
using LifecycleManager.Protocol.Mesos;
using LifecycleManager.Security.Admission;

namespace LifecycleManager.Agent.Tests.Tasks;

/// <summary>The agent holds the tasks of every framework to its own rules.</summary>
public sealed class TaskAdmissionTests : IAsyncLifetime
{
    private readonly TemporaryDirectory _directory = new();
    private readonly TemporaryDirectory _other = new();
    private FakeMaster _master = null!;
    private TestAgent? _agent;

    public async ValueTask InitializeAsync() => _master = await FakeMaster.StartAsync();

    public async ValueTask DisposeAsync()
    {
        foreach (var run in _agent?.Service.Tasks ?? []) _master.Kill(run.Record.TaskId.Value, TimeSpan.Zero);
        if (_agent is not null) await Wait.ForAsync(() => _agent.Service.Tasks.Count == 0, "the end of all tasks");
        if (_agent is not null) await _agent.DisposeAsync();
        await _master.DisposeAsync();
        _directory.Dispose();
        _other.Dispose();
    }

    [Fact]
    public async Task What_gives_root_is_refused_by_the_default_whoever_asks()
    {
        await StartAsync(AdmissionControl.Of(AdmissionRules.Default));
        var fine = Make.Id("fine");
        _master.Launch(Make.Shell(fine, "exec sleep 1000"));
        await _master.UpdateAsync(fine, TaskState.Running);

        await RefusedAsync(Make.Shell(Make.Id(), "id") with { Command = new CommandInfo { Value = "id", User = "root" } },
            "/command/user: the admission rule 'default' does not admit processes of 'root'");
        await RefusedAsync(Container(new DockerInfo { Image = "", Privileged = true }),
            "/container/docker/privileged: the admission rule 'default' does not admit privileged containers");
        await RefusedAsync(Container(new DockerInfo { Image = "", Parameters = [new("pid", "host")] }),
            "/container/docker/parameters(0): the admission rule 'default' does not admit the Docker parameter 'pid=host'");
        await RefusedAsync(Container(new DockerInfo { Image = "", VolumeDriver = "other" }), "/container/docker/volumeDriver: ");
        var plain = Container(new DockerInfo { Image = "" });
        await RefusedAsync(plain with { Container = plain.Container! with { Volumes = [Volume("/var/run/docker.sock")] } },
            "in which a container engine listens");

        // What the agent itself keeps is the system's, wherever it is.
        await RefusedAsync(plain with
        {
            TaskId = new TaskId(Make.Id()),
            Container = plain.Container! with { Volumes = [Volume(_directory.Path + "/meta")] },
        }, "a path of the system");
    }

    [Fact]
    public async Task A_group_is_refused_as_a_whole()
    {
        await StartAsync(AdmissionControl.Of(AdmissionRules.Default));
        var (good, bad) = (Make.Id("good"), Make.Id("bad"));
        _master.LaunchGroup(
            Make.Shell(good, "exec sleep 1000"),
            Make.Shell(bad, "id") with { Command = new CommandInfo { Value = "id", User = "0" } });
        Assert.Equal(StatusReason.TaskUnauthorized, (await _master.UpdateAsync(bad, TaskState.Error)).Reason);
        var whole = await _master.UpdateAsync(good, TaskState.Error);
        Assert.Equal((StatusReason.TaskGroupUnauthorized, $"the task {bad} of its group is not admitted"), (whole.Reason,
            whole.Message));
        Assert.Single(_master.States(good));
    }

    [Fact]
    public async Task The_frameworks_own_user_counts_where_tasks_run_as_him()
    {
        await StartAsync(AdmissionControl.Of(AdmissionRules.Default), options => options with { SwitchUser = true });
        _master.Framework = _master.Framework with { User = "root" };
        await RefusedAsync(Make.Shell(Make.Id(), "id"), "/framework/user: ");
    }

    [Fact]
    public async Task A_link_that_somebody_has_put_there_is_followed()
    {
        var (link, circle) = (Path.Combine(_other.Path, "data"), Path.Combine(_other.Path, "circle"));
        Directory.CreateDirectory(Path.Combine(_other.Path, "real"));
        File.CreateSymbolicLink(link, "../../etc");
        File.CreateSymbolicLink(circle, "circle");
        await StartAsync(AdmissionControl.Of(AdmissionRules.Parse($"rules: [{{ name: n, volumes: [{_other.Path}/**] }}]")));
        foreach (var (path, target) in ((string, string)[])[(link, "/etc"), (link + "/ssl", "/etc/ssl"), (circle, "/")])
        {
            var task = Container(new DockerInfo { Image = "" });
            await RefusedAsync(task with { Container = task.Container! with { Volumes = [Volume(path)] } },
                $"does not admit the volume '{path}', which leads to '{target}', ");
        }

        // Only that it has no engine is wrong with a directory.
        var plain = Container(new DockerInfo { Image = "" });
        _master.Launch(plain with { Container = plain.Container! with { Volumes = [Volume(_other.Path + "/real")] } });
        Assert.Equal(StatusReason.TaskInvalid, (await _master.UpdateAsync(plain.TaskId.Value, TaskState.Error)).Reason);
    }

    [Fact]
    public async Task Which_app_a_task_is_of_is_believed_of_the_rules_schedulers_alone()
    {
        await StartAsync(AdmissionControl.Of(AdmissionRules.Parse("""
            schedulers: [marathon]
            rules:
              - { name: infra, apps: [/infra/**], level: privileged }
              - { name: others, level: restricted }
            """)));
        static TaskInfo Task() => Make.Shell($"infra_dns.instance-{Guid.NewGuid():D}._app.1", "exec sleep 1000");
        var framework = _master.Framework;
        _master.Framework = framework with { Principal = "batch" };
        await RefusedAsync(Task(), "'batch' is none of the rules' schedulers");
        foreach (var principal in (string?[])["marathon", null])
        {
            _master.Framework = framework with { Principal = principal };
            var task = Task();
            _master.Launch(task);
            await _master.UpdateAsync(task.TaskId.Value, TaskState.Running);
            await RefusedAsync(Make.Shell($"shop_dns.instance-{Guid.NewGuid():D}._app.1", "true"),
                "'others' does not admit processes");
        }
    }

    [Fact]
    public async Task A_role_is_that_of_the_resources()
    {
        await StartAsync(AdmissionControl.Of(AdmissionRules.Parse("""
            rules:
              - { name: infra, roles: [infra/*], level: privileged }
              - { name: others, users: [] }
            """)));
        TaskInfo Of(string role)
        {
            var task = Make.Shell(Make.Id(), "exec sleep 1000") with
            {
                Command = new CommandInfo
                {
                    Value = "sleep 1000",
                    User = Environment.UserName
                }
            };
            return task with
            {
                Resources = [.. task.Resources.Select(resource
                => resource with { AllocationInfo = new AllocationInfo(role) })]
            };
        }

        var admitted = Of("infra/net");
        _master.Launch(admitted);
        await _master.UpdateAsync(admitted.TaskId.Value, TaskState.Running);
        await RefusedAsync(Of("infra"), "'others' does not admit processes of ");
    }

    [Fact]
    public async Task A_task_runs_on_whatever_later_rules_say_and_a_bad_file_is_named_in_health()
    {
        var file = Path.Combine(_other.Path, "admission.yml");
        await File.WriteAllTextAsync(file, "rules: [{ name: first }]");
        var admission = AdmissionControl.OfFile(file);
        await StartAsync(admission);
        var id = Make.Id("first");
        _master.Launch(Make.Shell(id, "exec sleep 1000"));
        await _master.UpdateAsync(id, TaskState.Running);
        await File.WriteAllTextAsync(file, "rules: [{ name: second, level: restricted }]");
        await Wait.ForAsync(() => admission.Rules.Judge(new AdmissionRequest { HostNetwork = "/" }).Count > 0,
            "the file is reread");
        await RefusedAsync(Make.Shell(Make.Id(), "true"), "'second' does not admit processes");
        await File.WriteAllTextAsync(file, "nonsense");
        await Wait.ForAsync(() => _agent!.Health.Verdict().Warnings.Count == 1, "the bad file is named");
        Assert.Contains("is not in force", _agent!.Health.Verdict().Warnings[0]);
        Assert.True(_agent.Health.Verdict().IsUp);
        await RefusedAsync(Make.Shell(Make.Id(), "true"), "'second' does not admit processes");
        Assert.Equal(TaskState.Running, _master.States(id)[^1]);
    }

    private async Task StartAsync(AdmissionControl admission, Func<AgentOptions, AgentOptions>? change = null)
    {
        var options = TestAgent.Options(_master, _directory) with { Admission = admission };
        _agent = await TestAgent.StartAsync(change?.Invoke(options) ?? options);
        await _master.RegistrationAsync();
    }

    private async Task RefusedAsync(TaskInfo task, string expected)
    {
        _master.Launch(task);
        var error = await _master.UpdateAsync(task.TaskId.Value, TaskState.Error);
        Assert.Equal(StatusReason.TaskUnauthorized, error.Reason);
        Assert.Contains(expected, error.Message);
        Assert.Single(_master.States(task.TaskId.Value));
    }

    private static TaskInfo Container(DockerInfo docker) => Make.Container(Make.Id(), "busybox", "true", docker);

    private static Volume Volume(string host) => new() { HostPath = host, ContainerPath = "/x", Mode = VolumeMode.ReadWrite };
}
