using LifecycleManager.Security.Admission;

namespace LifecycleManager.Security.Tests.Admission;

public sealed class AdmissionRulesTests
{
    private static readonly AdmissionRequest Process = new() { App = "/shop/web", HostNetwork = "/cmd" };

    private static readonly AdmissionRequest Container = new()
    {
        App = "/shop/web",
        IsContainer = true,
        Image = new Stated("/container/docker/image", "busybox"),
    };

    [Fact]
    public void Open_rules_admit_everything() => Assert.Empty(AdmissionRules.Open.Judge(Container with
    {
        Privileged = "/p",
        HostNetwork = "/n",
        User = new Stated("/user", "root"),
        Volumes = [Volume("/")],
        Parameters = [Parameter("pid", "host"), Parameter("privileged", "true")],
    }));

    [Fact]
    public void What_asks_for_nothing_special_is_admitted_by_the_default()
    {
        Assert.Empty(AdmissionRules.Default.Judge(Process));
        Assert.Empty(AdmissionRules.Default.Judge(Process with
        {
            User = new Stated("/user", "nobody"),
            Artifacts = [new Stated("/fetch(0)/uri", "file:///srv/a.tgz")],
        }));
        Assert.Empty(AdmissionRules.Default.Judge(Container with
        {
            HostNetwork = "/networks",
            User = new Stated("/user",
            "0:0")
        }));
    }

    [Theory]
    [InlineData("add-host", "db:10.0.0.1")]
    [InlineData("--env", "A=b")]
    [InlineData("cap-add", "NET_BIND_SERVICE")]
    [InlineData("cap-add", "cap_chown")]
    [InlineData("security-opt", "no-new-privileges:true")]
    [InlineData("ipc", "private")]
    [InlineData("log-opt", "max-size=1m")]
    [InlineData("privileged", "false")]
    [InlineData("volume", "data:/var/lib/data")]
    [InlineData("volume", "/data")]
    [InlineData("volume", "/srv/data:/data:ro")]
    [InlineData("network", "bridge")]
    [InlineData("user", "1000")]
    public void A_harmless_parameter_is_admitted_by_the_default(string key, string value) =>
        Assert.Empty(AdmissionRules.Default.Judge(Container with { Parameters = [Parameter(key, value)] }));

    [Theory]
    [InlineData("privileged", "true")]
    [InlineData("--privileged", "")]
    [InlineData("privileged", "yes")]
    [InlineData("pid", "host")]
    [InlineData("pid", "container:other")]
    [InlineData("cap-add", "SYS_ADMIN")]
    [InlineData("cap-add", "ALL")]
    [InlineData("cap-add", "cap_sys_ptrace")]
    [InlineData("device", "/dev/sda")]
    [InlineData("security-opt", "apparmor=unconfined")]
    [InlineData("security-opt", "seccomp=unconfined")]
    [InlineData("security-opt", "no-new-privileges=false")]
    [InlineData("ipc", "host")]
    [InlineData("uts", "host")]
    [InlineData("userns", "host")]
    [InlineData("cgroup-parent", "/")]
    [InlineData("runtime", "other")]
    [InlineData("volume", "/:/host")]
    [InlineData("--volume", "/var/run/docker.sock:/s")]
    [InlineData("v", "/etc:/e:ro")]
    [InlineData("volume", "../etc:/e")]
    [InlineData("volumes-from", "other")]
    [InlineData("volume-driver", "local")]
    [InlineData("mount", "type=bind,src=/,dst=/host")]
    [InlineData("log-driver", "syslog")]
    [InlineData("log-opt", "syslog-address=unix:///run/docker.sock")]
    [InlineData("sysctl", "kernel.core_pattern=|/x")]
    [InlineData("option-of-tomorrow", "x")]
    [InlineData("PID", "host")]
    public void A_parameter_that_opens_the_container_is_refused_by_the_default(string key, string value)
    {
        var refusal = Assert.Single(AdmissionRules.Default.Judge(Container with { Parameters = [Parameter(key, value)] }));
        Assert.Equal(("default", "/container/docker/parameters(0)"), (refusal.Rule, refusal.Path));
        Assert.StartsWith("the admission rule 'default' does not admit ", refusal.Message);
    }

    [Theory]
    [InlineData("/", true)]
    [InlineData("/etc", true)]
    [InlineData("/etc/shadow", true)]
    [InlineData("/srv/../etc", true)]
    [InlineData("//etc", true)]
    [InlineData("/var", true)]
    [InlineData("/var/run/docker.sock", true)]
    [InlineData("/run", true)]
    [InlineData("/proc/1/root", true)]
    [InlineData("/tmp/planted", true)]
    [InlineData("/srv", false)]
    [InlineData("/srv/shop", false)]
    [InlineData("/etcetera", false)]
    [InlineData("/mnt/disk1", false)]
    public void Paths_of_the_system_are_refused_by_the_default_and_others_may_be_read(string path, bool isRefused)
    {
        var read = AdmissionRules.Default.Judge(Container with { Volumes = [new StatedVolume("/v", path, true)] });
        Assert.Equal(isRefused ? 1 : 0, read.Count);
        var written = Assert.Single(AdmissionRules.Default.Judge(Container with { Volumes = [Volume(path)] }));
        Assert.Equal(!isRefused, written.What.EndsWith(" for writing; mode RO is admitted", StringComparison.Ordinal));
        Assert.Equal(isRefused ? 1 : 0, Rules("- { name: n, volumes: [/**] }").Judge(
            Container with { Volumes = [Volume(path)] }).Count);
    }

    [Fact]
    public void A_link_and_the_agents_own_directory_are_no_way_around()
    {
        var linked = Container with { Volumes = [new StatedVolume("/v", "/srv/x", true) { Target = "/etc" }] };
        Assert.Contains("which leads to '/etc', a path of the system", Assert.Single(AdmissionRules.Default.Judge(linked)).What);
        var own = Container with { Volumes = [Volume("/srv/lcm/agent/meta")], AgentPaths = ["/srv/lcm/agent"] };
        Assert.Single(AdmissionRules.Default.Judge(own));
        Assert.Single(AdmissionRules.Default.Judge(own with { Volumes = [Volume("/srv")] }));
    }

    [Theory]
    [InlineData("root")]
    [InlineData("0")]
    [InlineData("00")]
    [InlineData("+0")]
    [InlineData(" root")]
    [InlineData("root:daemon")]
    [InlineData("0:1000")]
    public void Processes_of_root_are_refused_by_the_default(string user)
    {
        var refusal = Assert.Single(AdmissionRules.Default.Judge(Process with { User = new Stated("/user", user) }));
        Assert.Equal("/user", refusal.Path);
    }

    [Fact]
    public void Root_by_another_name_is_root()
    {
        var toor = Process with { User = new Stated("/user", "toor") };
        Assert.Empty(AdmissionRules.Default.Judge(toor));
        Assert.Single(AdmissionRules.Default.Judge(toor with { IsRootByNumber = true }));
    }

    [Fact]
    public void Restricted_tasks_are_containers_with_nothing_of_the_machine_and_without_root()
    {
        var rules = Rules("- { name: r, level: restricted }");
        Assert.Empty(rules.Judge(Container with { User = new Stated("/user", "1000") }));
        Assert.Single(rules.Judge(Process));
        Assert.Equal(
            ["/container/docker/image", "/f", "/n", "/user", "/v"],
            Rules("- { name: r, level: restricted, images: [registry.example.com/**] }").Judge(Container with
            {
                HostNetwork = "/n",
                Volumes = [new StatedVolume("/v", "/srv/a", true)],
                Artifacts = [new Stated("/f", "/srv/a")],
            }).Select(refusal => refusal.Path).Order(StringComparer.Ordinal));
        Assert.Single(rules.Judge(Container with
        {
            User = new Stated("/user", "1000"),
            Parameters = [Parameter("user", "0")],
        }));
    }

    [Fact]
    public void The_first_rule_that_is_about_a_task_decides_alone()
    {
        var rules = Rules("""
            - { name: infra, apps: [/infra/**], level: privileged }
            - { name: batch, roles: [batch/*], privileged: true }
            - { name: shop, apps: [/shop/*], images: [busybox] }
            """);
        var privileged = Container with { Privileged = "/p" };
        Assert.Empty(rules.Judge(privileged with { App = "/infra/net/dns" }));
        Assert.Empty(rules.Judge(privileged with { App = "/x", Role = "batch/night" }));
        Assert.Equal("shop", Assert.Single(rules.Judge(privileged)).Rule);
        Assert.Empty(rules.Judge(Container));
        var none = Assert.Single(rules.Judge(Container with { App = "/shop/a/b" }));
        Assert.Null(none.Rule);
        Assert.Contains("no admission rule is about it", none.Message);

        // Whose app is not known, is of no rule that names apps.
        Assert.Null(Assert.Single(rules.Judge(Container with { App = null })).Rule);
    }

    [Fact]
    public void What_wildcards_do_not_reach_is_admitted_by_its_name()
    {
        var rules = Rules("""
            - name: n
              volumes: [/etc/ssl/**:ro, /var/run/docker.sock, /srv/**]
              parameters: ["*", pid=host, "device=/dev/fuse*", cap-add=NET_ADMIN]
              users: ["*", root]
            """);
        Assert.Empty(rules.Judge(Container with
        {
            Volumes = [new StatedVolume("/v", "/etc/ssl/certs", true), Volume("/run/../var/run/docker.sock"), Volume("/srv/a")],
            Parameters = [Parameter("pid", "host"), Parameter("device", "/dev/fuse"), Parameter("cap-add", "NET_ADMIN")],
        }));
        Assert.Empty(rules.Judge(Process with { User = new Stated("/user", "root") }));
        Assert.Equal(4, rules.Judge(Container with
        {
            Volumes = [Volume("/etc/ssl/certs"), Volume("/etc/passwd"), Volume("/var/run")],
            Parameters = [Parameter("device", "/dev/sda")],
        }).Count);
        Assert.Single(Rules("- { name: n, volumes: [/**] }").Judge(Container with { Volumes = [Volume("/etc")] }));
    }

    [Theory]
    [InlineData("busybox", "busybox:1.36", true)]
    [InlineData("docker.io/library/**", "busybox", true)]
    [InlineData("busybox:1.36", "busybox", false)]
    [InlineData("busybox:1.36", "docker.io/library/busybox:1.36", true)]
    [InlineData("busybox:1.36", "busybox:1.36@sha256:00", false)]
    [InlineData("registry.example.com/shop/**", "registry.example.com/shop/web:1", true)]
    [InlineData("registry.example.com/shop/**", "Registry.Example.com/shop/web:1", true)]
    [InlineData("registry.example.com/**", "registry.example.com.evil.org/web", false)]
    [InlineData("registry.example.com/**", "evil.org/registry.example.com/web", false)]
    [InlineData("registry.example.com/**", "registry.example.com:5000/web", false)]
    [InlineData("registry.example.com:5000/**", "registry.example.com:5000/web:2", true)]
    [InlineData("team/*", "team/web", true)]
    [InlineData("team/*", "team.example.com/web", false)]
    [InlineData("web@sha256:aa", "web@sha256:aa", true)]
    [InlineData("web@sha256:aa", "web:1@sha256:aa", true)]
    [InlineData("web@sha256:aa", "web@sha256:ab", false)]
    [InlineData("**", "anything/at:all", true)]
    public void Images_are_of_registries_as_the_engine_reads_them(string pattern, string image, bool isAdmitted)
    {
        var refusals = Rules($"- {{ name: n, images: [\"{pattern}\"] }}").Judge(Container with
        {
            Image = new Stated("/i",
            image)
        });
        Assert.Equal(isAdmitted, refusals.Count == 0);
    }

    [Fact]
    public void Agents_believe_the_schedulers_that_the_file_names_and_all_where_nobody_is_asked()
    {
        var rules = AdmissionRules.Parse("{\"schedulers\": [\"marathon\"], \"rules\": [{\"name\": \"n\"}]}");
        Assert.True(rules.Believes("marathon"));
        Assert.True(rules.Believes(null));
        Assert.False(rules.Believes("batch"));
        Assert.False(AdmissionRules.Default.Believes("marathon"));
    }

    private static AdmissionRules Rules(string rules) => AdmissionRules.Parse("rules:\n" + rules);

    private static StatedVolume Volume(string path) => new("/v", path, IsReadOnly: false);

    private static StatedParameter Parameter(string key, string value) => new("/container/docker/parameters(0)", key, value);
}
