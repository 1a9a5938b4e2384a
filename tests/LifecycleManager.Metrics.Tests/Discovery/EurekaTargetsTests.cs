using System.Text;
using LifecycleManager.Metrics.Discovery;
using LifecycleManager.Metrics.Targets;

namespace LifecycleManager.Metrics.Tests.Discovery;

/// <summary>Instances as clients of Spring Cloud register them: each names its management port, whatever speaks there.</summary>
public sealed class EurekaTargetsTests
{
    [Theory]
    [InlineData("""{"$":24014,"@enabled":"false"}""", """{"$":24014,"@enabled":"true"}""", "24014", 24014, "https")]
    [InlineData("""{"$":24015,"@enabled":"true"}""", """{"$":24016,"@enabled":"true"}""", "24015", 24015, null)]
    [InlineData("""{"$":24015,"@enabled":"true"}""", """{"$":24016,"@enabled":"true"}""", "24016", 24016, "https")]
    [InlineData("""{"$":24012,"@enabled":"true"}""", """{"$":443,"@enabled":"false"}""", "24013", 24013, null)]
    [InlineData("""{"$":"24014","@enabled":false}""", """{"$":"24014","@enabled":true}""", "24013", 24013, null)]
    [InlineData("""{"$":24014,"@enabled":"false"}""", """{"$":24014,"@enabled":"true"}""", null, 24014, "https")]
    public void It_is_scraped_at_its_management_port_by_what_speaks_there(
        string port, string securePort, string? management, int expected, string? scheme)
    {
        var metadata = management is null ? "{}" : $$"""{"management.port":"{{management}}"}""";
        var target = Assert.Single(Read($$"""
            {"instanceId":"i","ipAddr":"127.0.0.1","status":"UP",
             "port":{{port}},"securePort":{{securePort}},"metadata":{{metadata}}}
            """, out var skipped));
        Assert.Equal((expected, scheme, "/vault"), (Assert.Single(target.Ports), target.Scheme, target.App));
        Assert.Empty(skipped);
    }

    [Theory]
    [InlineData("""{"management.port":"-1"}""", "VAULT/i: its metadata management.port is '-1', which is no port")]
    [InlineData("""{"lcm.app":"vault"}""", "VAULT/i: its metadata lcm.app is 'vault', which is no absolute app id")]
    [InlineData("{}", "VAULT/i: it has no enabled port, and its metadata no management.port")]
    public void One_that_is_no_target_is_said_with_the_reason(string metadata, string reason)
    {
        Assert.Empty(Read($$"""
            {"instanceId":"i","ipAddr":"127.0.0.1","status":"UP","port":{"$":1,"@enabled":"false"},"metadata":{{metadata}}}
            """, out var skipped));
        Assert.Equal(reason, Assert.Single(skipped));
    }

    [Fact]
    public void One_of_no_app_is_said_too()
    {
        Assert.Empty(Read("""{"instanceId":"i","ipAddr":"127.0.0.1","port":{"$":1}}""", out var skipped, name: "OTHER"));
        Assert.Equal("OTHER/i: no app has the label lcm.metrics.eureka: OTHER, and its metadata names none as lcm.app",
            Assert.Single(skipped));
    }

    private static IReadOnlyList<Target> Read(string instance, out List<string> skipped, string name = "VAULT")
    {
        skipped = [];
        return EurekaTargets.Read(
            Encoding.UTF8.GetBytes($$$"""{"applications":{"application":[{"name":"{{{name}}}","instance":[{{{instance}}}]}]}}"""),
            new[] { "vault" }.ToLookup(app => app, app => "/" + app), skipped.Add);
    }
}
