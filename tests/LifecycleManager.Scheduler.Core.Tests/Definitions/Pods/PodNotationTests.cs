using System.Text;
using LifecycleManager.Scheduler.Core.Definitions;
using LifecycleManager.Scheduler.Core.Definitions.Pods;

namespace LifecycleManager.Scheduler.Core.Tests.Definitions.Pods;

public sealed class PodNotationTests
{
    private static readonly DefinitionRules Rules = new();

    [Fact]
    public void What_is_shown_of_a_pod_can_be_put_back_and_changes_nothing()
    {
        var pod = Create("""
            {"id": "/pair", "scaling": {"kind": "fixed", "instances": 3}, "containers": [
              {"name": "a", "exec": {"command": {"shell": "sleep 1"}}, "resources": {"cpus": 0.25, "mem": 64}},
              {"name": "b", "exec": {"command": {"shell": "sleep 2"}}, "resources": {"cpus": 0.5, "mem": 32}}]}
            """);

        // With what Marathon's executor of a pod takes by default.
        Assert.Equal((3, 0.85, 128), (pod.Instances, Math.Round(pod.Cpus, 9), pod.Mem));

        var again = PodDefinitions.Create(PodNotation.Shown(pod), AppId.Root, Rules);
        Assert.True(pod.SameAs(again));
        Assert.False(pod.SameAs(pod.WithInstances(4)));
        Assert.True(pod.SameAs(pod.WithInstances(4), count: false));
    }

    [Theory]
    [InlineData("""{"id": "/p", "containers": []}""", "/containers")]
    [InlineData("""{"containers": [{"name": "a", "resources": {"cpus": 1, "mem": 1}}]}""", "/id")]
    [InlineData("""
        {"id": "/p", "containers": [
          {"name": "a", "exec": {"command": {"shell": "x"}}, "resources": {"cpus": 1, "mem": 1}},
          {"name": "a", "exec": {"command": {"shell": "x"}}, "resources": {"cpus": 1, "mem": 1}}]}
        """, "/containers")]
    public void What_is_not_valid_is_named(string json, string path)
    {
        var refused = Assert.Throws<ChangeRefusedException>(() => Create(json));
        Assert.Contains(refused.Problems, problem => problem.Path.StartsWith(path, StringComparison.Ordinal));
    }

    [Fact]
    public void The_id_of_the_path_is_the_bodys_or_it_is_refused()
    {
        var pod = PodDefinitions.ReadPod(Encoding.UTF8.GetBytes("""
            {"id": "/other", "containers": [{"name": "a", "exec": {"command": {"shell": "x"}},
              "resources": {"cpus": 1, "mem": 1}}]}
            """));
        var refused = Assert.Throws<ChangeRefusedException>(() => PodDefinitions.CreateAt(new AppId("/p"), pod, Rules));
        Assert.Equal("'/other' is not the pod of the request's path, /p", Assert.Single(refused.Problems).Message);
        Assert.Equal("/p", PodDefinitions.CreateAt(new AppId("/p"), pod with { Id = "p" }, Rules).Id.Path);
    }

    private static AppDefinition Create(string json) =>
        PodDefinitions.Create(PodDefinitions.ReadPod(Encoding.UTF8.GetBytes(json)), AppId.Root, Rules);
}
