using LifecycleManager.Agent.Containerizers.Docker;
using LifecycleManager.Agent.Tests.Fakes;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Agent.Tests.Containerizers.Docker;

public sealed class RegistryCredentialsTests
{
    [Fact]
    public void Dockers_own_file_is_understood()
    {
        const string Json =
            """{"auths":{"https://index.docker.io/v1/":{"auth":"dXNlcjpwYTpzcw=="},"r.example.com:5000":{"username":"u","password":"p"}}}""";

        var hub = RegistryCredentials.Parse(Json, "docker.io")!;
        Assert.Equal(("user", "pa:ss"), (hub.Username, hub.Password));
        var own = RegistryCredentials.Parse(Json, "r.example.com:5000")!;
        Assert.Equal(("u", "p"), (own.Username, own.Password));
        Assert.Null(RegistryCredentials.Parse(Json, "other.example.com"));
    }

    [Fact]
    public void A_tasks_own_file_comes_first_and_a_damaged_one_is_not_quoted()
    {
        using var directory = new TemporaryDirectory();
        var log = new ConcurrentLog();
        var agent = Path.Combine(directory.Path, "agent.json");
        File.WriteAllText(agent, """{"auths":{"r.example.com":{"username":"agent","password":"p"}}}""");
        File.WriteAllText(Path.Combine(directory.Path, ".dockercfg"), """{"r.example.com":{"username":"task","password":"p"}}""");
        Assert.Equal("task", RegistryCredentials.Find("r.example.com", directory.Path, agent, log).Username);

        File.WriteAllText(Path.Combine(directory.Path, ".dockercfg"), """{"r.example.com":{"auth":"c3dvcmRmaXNo!"}}""");
        Assert.Equal("agent", RegistryCredentials.Find("r.example.com", directory.Path, agent, log).Username);
        Assert.DoesNotContain("c3dv", Assert.Single(log.Lines));
    }
}
