using LifecycleManager.Protocol.Marathon;
using LifecycleManager.Discovery.Proxies;

namespace LifecycleManager.Discovery.Tests.Proxies;

public sealed class ProxyConfigurationTests
{
    private static readonly AppTask[] Tasks =
    [
        Task("/shop/web", "t2", "10.0.0.2", [31_002, 31_003], [10_000, 10_001]),
        Task("/shop/web", "t1", "10.0.0.1", [31_001, 31_009], [10_000, 10_001]),
        Task("/shop/web", "sick", "10.0.0.3", [31_001, 31_004],
            [10_000, 10_001]) with { HealthCheckResults = [new HealthCheckResult { Alive = false }] },
        Task("/shop/web", "new", "10.0.0.4", [31_001, 31_004], [10_000, 10_001]) with { State = "TASK_STAGING" },
        Task("/shop/web", "booting", "10.0.0.5", [31_001, 31_004], [10_000, 10_001]) with { Started = false },
        Task("/shop/web", "draining", "10.0.0.6", [31_001, 31_004], [10_000, 10_001]) with { State = "TASK_KILLING" },
        Task("/shop/web", "green", "10.0.0.7", [31_001, 31_004], [10_000, 10_001]) with { InService = false },
        Task("/db", "d1", "fe80::1", [5432], [5432]),
    ];

    private static readonly App[] Apps =
    [
        new() { Id = "/shop/web", Labels = new Dictionary<string, string> { ["lcm.proxy.0.vhost"] =
            "shop.example.com, *.shop.example.com", ["HAPROXY_1_MODE"] = "http" } },
    ];

    [Fact]
    public void Nginx_leads_each_service_port_to_the_instances_that_serve()
    {
        var text = ProxyConfiguration.Render(ProxyKind.Nginx, Tasks, Apps);
        Assert.Contains(
            "upstream shop_web_10000 {\n    least_conn;\n    server 10.0.0.1:31001 max_fails=1 fail_timeout=5s;\n    server 10.0.0.2:31002", text, StringComparison.Ordinal);
        Assert.Contains("listen 0.0.0.0:5432;", text, StringComparison.Ordinal);
        Assert.Contains("server [fe80::1]:5432", text, StringComparison.Ordinal);
        Assert.Contains("server_name shop.example.com *.shop.example.com;", text, StringComparison.Ordinal);
        Assert.DoesNotContain("10.0.0.3", text, StringComparison.Ordinal);
        foreach (var idle in (string[])["10.0.0.4", "10.0.0.5", "10.0.0.6", "10.0.0.7"])
            Assert.DoesNotContain(idle, text, StringComparison.Ordinal);
        Assert.Equal(text.Count(c => c == '{'), text.Count(c => c == '}'));
    }

    [Fact]
    public void HaProxy_leads_each_service_port_to_the_instances_that_serve()
    {
        var text = ProxyConfiguration.Render(ProxyKind.HaProxy, Tasks, Apps);
        Assert.Contains("backend shop_web_10001\n  mode http\n  option forwardfor\n  server t1 10.0.0.1:31009 check", text,
            StringComparison.Ordinal);
        Assert.Contains("use_backend shop_web_10000 if { req.hdr(host),host_only -i shop.example.com }", text,
            StringComparison.Ordinal);
        Assert.Contains("use_backend shop_web_10000 if { req.hdr(host),host_only -m end -i .shop.example.com }", text,
            StringComparison.Ordinal);
        foreach (var idle in (string[])["sick", "new", "booting", "draining", "green"])
            Assert.DoesNotContain(idle, text, StringComparison.Ordinal);

        // HAProxy does not start where more connections are stated than there may be open files.
        Assert.DoesNotContain("maxconn", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(ProxyKind.Nginx)]
    [InlineData(ProxyKind.HaProxy)]
    public void The_same_instances_in_another_order_are_the_same_text(ProxyKind kind) =>
        Assert.Equal(ProxyConfiguration.Render(kind, Tasks, Apps), ProxyConfiguration.Render(kind, Tasks.Reverse(), Apps));

    [Theory]
    [InlineData(ProxyKind.Nginx)]
    [InlineData(ProxyKind.HaProxy)]
    public void Nothing_that_others_wrote_ends_a_word_of_the_configuration(ProxyKind kind)
    {
        const string Evil = "x; } http { evil\n  server evil 1:1";
        AppTask[] tasks =
        [
            Task("/a" + Evil, "t" + Evil, "10.0.0.1", [80], [10_000]), Task("/c" + Evil, "v", "10.0.0.3", [80], [10_000]),
            Task("/b", "t", "h" + Evil, [80], [10_001]), Task("/b", "u", "10.0.0.2", [80], [10_001]),
        ];
        App[] apps = [new() { Id = "/b", Labels = new Dictionary<string, string> { ["lcm.proxy.0.vhost"] = Evil,
            ["lcm.proxy.0.mode"] = Evil } }];
        var text = ProxyConfiguration.Render(kind, tasks, apps);
        Assert.DoesNotContain("http { evil", text, StringComparison.Ordinal);
        Assert.DoesNotContain("server evil 1:1", text, StringComparison.Ordinal);
        Assert.Contains("10.0.0.2", text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_port_that_two_want_is_served_for_the_first_and_said_so()
    {
        AppTask[] tasks = [Task("/a", "t1", "h1", [80], [80]), Task("/b", "t2", "h2", [80], [80])];
        var text = ProxyConfiguration.Render(ProxyKind.Nginx, tasks);
        Assert.Contains("# /b: the service port 80 is served for another app", text, StringComparison.Ordinal);
        Assert.DoesNotContain("h2", text, StringComparison.Ordinal);
    }

    private static AppTask Task(string app, string id, string host, int[] ports, int[] servicePorts) =>
        new() { Id = id, AppId = app, Host = host, Ports = ports, ServicePorts = servicePorts, State = "TASK_RUNNING" };
}
