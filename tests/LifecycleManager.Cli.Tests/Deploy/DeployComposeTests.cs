using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using LifecycleManager.Cli.Configuration;
using LifecycleManager.Testing;

namespace LifecycleManager.Cli.Tests.Deploy;

public sealed partial class DeployComposeTests
{
    private static readonly string[] Roles = ["master", "agent-1", "agent-2", "scheduler", "manager"];
    private static readonly string[] Others = ["postgres", "zookeeper", "rabbitmq", "prometheus", "grafana"];
    private static readonly Dictionary<object, object> Compose = RepositoryYaml.Yaml("docker-compose.yml");

    private static IEnumerable<(string Name, Dictionary<object, object> Service)> Services =>
        Compose.Map("services").Select(service => ((string)service.Key, (Dictionary<object, object>)service.Value));

    public static TheoryData<string> ServiceNames => [.. Roles, .. Others];

    [Fact]
    public void There_is_every_role_with_two_agents_and_what_they_lean_on() =>
        Assert.Equal([.. Roles.Concat(Others).Order()], Services.Select(service => service.Name).Order());

    [Theory]
    [MemberData(nameof(ServiceNames))]
    public void A_service_has_a_health_check_and_a_named_volume_and_waits_for_the_healthy(string name)
    {
        var service = Compose.Map("services").Map(name);
        var volumes = service.Texts("volumes").Select(volume => volume.Split(':')[0]).ToArray();

        Assert.NotEmpty(service.Map("healthcheck").Texts("test"));
        Assert.Contains(volumes, volume => Compose.Map("volumes").ContainsKey(volume));
        Assert.All(volumes.Where(volume => volume.StartsWith("./dashboards", StringComparison.Ordinal)),
            volume => Assert.True(Path.Exists(Repository.Path(volume)), volume));
        Assert.All(service.Map("depends_on"), dependency =>
        {
            Assert.Contains((string)dependency.Key, Roles.Concat(Others));
            Assert.Equal("service_healthy", dependency.Value.Text("condition"));
        });
    }

    [Theory]
    [MemberData(nameof(ServiceNames))]
    public void A_service_publishes_on_the_loopback_interface_alone(string name) =>
        Assert.All(Compose.Map("services").Map(name).Texts("ports"),
            port => Assert.StartsWith("127.0.0.1:", port, StringComparison.Ordinal));

    [Fact]
    public void No_port_is_published_twice_and_every_named_volume_is_used()
    {
        var ports = Services.SelectMany(service => service.Service.Texts("ports")).Select(port => port.Split(':')[1]).ToArray();
        Assert.Equal(ports.Distinct(), ports);
        Assert.Equal(Compose.Map("volumes").Keys.Cast<string>().Order(),
            Services.SelectMany(service => service.Service.Texts("volumes")).Select(volume => volume.Split(':')[0])
                .Where(volume => volume[0] is not '.' and not '/').Order());
    }

    [Theory]
    [MemberData(nameof(ServiceNames))]
    public void A_password_is_only_ever_a_file(string name)
    {
        var service = Compose.Map("services").Map(name);
        Assert.All(service.Map("environment"), variable =>
        {
            var (key, value) = ((string)variable.Key, (string)variable.Value);
            // That one holds users with their files, as another test sees to.
            if (!Secret().IsMatch(key) || key is "LCM_METRICS_CREDENTIALS")
            {
                Assert.DoesNotMatch("://[^/@]*:[^/@]*@", value);
                return;
            }

            if (key != "LCM_CREDENTIALS") Assert.EndsWith("_FILE", key, StringComparison.Ordinal);
            Assert.Contains(value["/run/secrets/".Length..], service.Texts("secrets"));
        });
        Assert.All(service.Texts("secrets"), secret =>
            Assert.StartsWith(".lcm/secrets/", Compose.Map("secrets").Map(secret).Text("file"), StringComparison.Ordinal));
        Assert.Contains(".lcm/", File.ReadAllLines(Repository.Path(".gitignore")));
        Assert.Contains(".lcm", File.ReadAllLines(Repository.Path(".dockerignore")));
    }

    [Fact]
    public void The_roles_are_built_from_the_repository_s_Dockerfile() => Assert.All(Roles, role =>
    {
        var build = Compose.Map("services").Map(role).Map("build");
        Assert.Equal(".", build.Text("context"));
        Assert.True(File.Exists(Repository.Path(build.Text("dockerfile")!)));
    });

    /// <summary>By the very words of its file: what they mean is asked of the build, which takes some of them late.</summary>
    [Fact]
    public async Task What_the_image_starts_is_compiled_beforehand()
    {
        var publish = File.ReadLines(Repository.Path("src/LifecycleManager.Cli/Dockerfile"))
            .Single(line => line.StartsWith("RUN dotnet publish ", StringComparison.Ordinal)).Split(' ');
        Assert.Contains("--use-current-runtime", publish);
        var asked = new ProcessStartInfo("dotnet",
            ["msbuild", Repository.Path(publish[3]), "-getProperty:PublishReadyToRun", "-p:UseCurrentRuntimeIdentifier=true",
                "-p:Configuration=" + publish[Array.IndexOf(publish, "-c") + 1]])
        {
            RedirectStandardOutput = true,
        };
        using var build = Process.Start(asked)!;

        var answer = await build.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);

        Assert.Equal("true", answer.Trim());
    }

    [Fact]
    public void The_agents_ports_overlap_neither_each_other_s_nor_the_published_ones()
    {
        var published = Services.SelectMany(service => service.Service.Texts("ports")).Select(port => Number(port.Split(':')[1]));
        var offered = new[] { "agent-1", "agent-2" }
            .Select(agent => Compose.Map("services").Map(agent).Map("environment").Text("LCM_RESOURCES")!)
            .SelectMany(resources => PortRange().Matches(resources))
            .SelectMany(range => Enumerable.Range(Number(range.Groups[1].Value),
                Number(range.Groups[2].Value) - Number(range.Groups[1].Value) + 1));
        var all = published.Concat(offered).ToArray();

        Assert.Equal(all.Length, all.Distinct().Count());
        // The BrownField apps' fixed ports are to be had.
        Assert.Superset(new HashSet<int> { 8001, 8090, 8095 }, offered.ToHashSet());
    }

    [Fact]
    public void Prometheus_scrapes_each_role_where_it_listens()
    {
        var targets = ((List<object>)RepositoryYaml.Yaml("dashboards/prometheus.yml")["scrape_configs"])
            .SelectMany(job => ((List<object>)((Dictionary<object, object>)job)["static_configs"])
                .SelectMany(config => config.Texts("targets")));

        Assert.All(Roles,
            role => Assert.Contains($"{role}:{Compose.Map("services").Map(role).Map("environment").Text("LCM_PORT")}", targets));
    }

    [Fact]
    public void The_manager_knows_every_source_of_metrics_that_there_is()
    {
        var manager = Compose.Map("services").Map("manager");
        var environment = manager.Map("environment");
        Assert.All(new[] { ("LCM_SCHEDULER", "scheduler"), ("LCM_MASTER", "master"), ("LCM_PROMETHEUS", "prometheus"),
            ("LCM_RABBITMQ", "rabbitmq") },
            source => Assert.Equal(source.Item2, new Uri(environment.Text(source.Item1)!).Host));
        var credentials = MetricsValues.Credentials(environment.Text("LCM_METRICS_CREDENTIALS")!);
        Assert.All(credentials, known => Assert.Contains(known.Secret["/run/secrets/".Length..], manager.Texts("secrets")));
        var credential = Assert.Single(credentials, known => known.For == "rabbitmq");
        Assert.Equal(("rabbitmq", Compose.Map("services").Map("rabbitmq").Map("environment").Text("RABBITMQ_DEFAULT_USER")),
            (credential.For, credential.User));
    }

    [Fact]
    public async Task Docker_compose_takes_the_file()
    {
        // No server, and the other tests hold the file to more than it does: never a reason to fail.
        var program = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
            .Select(directory => Path.Combine(directory, "docker-compose")).FirstOrDefault(File.Exists);
        Assert.SkipWhen(program is null, "docker-compose is not installed");
        using var compose = Start(program!, "-f", Repository.Path("docker-compose.yml"), "config", "--quiet");
        await Succeeds(compose);
    }

    [Fact]
    public async Task Prometheus_takes_its_configuration()
    {
        using var promtool = Start(Server.Executable("promtool"), "check", "config",
            Repository.Path("dashboards/prometheus.yml"));
        await Succeeds(promtool);
    }

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);

    private static Process Start(string program, params string[] args) =>
        Process.Start(new ProcessStartInfo(program, args) { RedirectStandardError = true, RedirectStandardOutput = true })!;

    private static async Task Succeeds(Process process)
    {
        var output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        var error = await process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(process.ExitCode == 0, error + await output);
    }

    [GeneratedRegex("PASSWORD|SECRET|TOKEN|CREDENTIAL", RegexOptions.IgnoreCase)]
    private static partial Regex Secret();

    [GeneratedRegex(@"(\d+)-(\d+)")]
    private static partial Regex PortRange();
}
