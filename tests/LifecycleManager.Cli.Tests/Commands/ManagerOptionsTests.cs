using System.CommandLine;
using System.Diagnostics;
using LifecycleManager.Cli.Commands;
using LifecycleManager.Cli.Configuration;
using LifecycleManager.Manager;
using LifecycleManager.Metrics;
using LifecycleManager.Metrics.Kafka;
using LifecycleManager.Scaling.Targets;
using Microsoft.Extensions.Configuration;

namespace LifecycleManager.Cli.Tests.Commands;

/// <summary>Each option of <c>lcm manager</c> reaches the room that it is for.</summary>
public sealed class ManagerOptionsTests
{
    private static readonly Uri Scheduler = new("http://s:8080");

    // A file that can be read.
    private static readonly string Here = typeof(ManagerOptionsTests).Assembly.Location;

    public static TheoryData<string, string, Func<CollectorOptions, object?>, object?> CollectorCases => new()
    {
        { "--scrape-interval", "7s", c => c.Interval, TimeSpan.FromSeconds(7) },
        { "--staleness", "90s", c => c.Staleness, TimeSpan.FromSeconds(90) },
        { "--prometheus", "http://p:9090", c => c.Prometheus, new Uri("http://p:9090") },
        { "--rabbitmq", "http://r:15672", c => c.RabbitMq, new Uri("http://r:15672") },
        { "--prometheus", "http://p:9090/prefix?dedup=true", c => c.Prometheus, new Uri("http://p:9090/prefix?dedup=true") },
        { "--sources", "/etc/lcm/sources.yml", c => c.SourcesFile, "/etc/lcm/sources.yml" },
        { "--eureka", "http://e:8761/eureka,http://f:8761/eureka", c => c.Eureka, new Uri("http://e:8761/eureka") },
        { "--eureka", "http://e:8761/eureka,http://f:8761/eureka", c => c.OtherEurekas is [var other] ? other : null,
            new Uri("http://f:8761/eureka") },
        { "--target-files", "/etc/a/*.json, /etc/b.yml", c => string.Join('|', c.TargetFiles), "/etc/a/*.json|/etc/b.yml" },
        { "--targets", "/a=h:1,g:2;/b=https://i:3/m",
            c => string.Join('|', c.StaticTargets.Select(group => $"{string.Join(' ', group.Labels.Values)} {group.Targets[0]}")),
            "/a h:1|/a g:2|/b https /m i:3" },
        { "--metrics-credentials", "rabbitmq=guest@/run/r, /shop/*=env:TOKEN,prometheus=./p",
            c => string.Join('|', c.Credentials.Select(one => $"{one.For} {one.User} {one.Secret}")),
            "rabbitmq guest /run/r|/shop/*  env:TOKEN|prometheus  ./p" },
        { "--metrics-tls", "/shop/*=/etc/ca.pem, /b=b.example.com@./ca.pem,/c=insecure",
            c => string.Join('|', c.Tls.Select(one =>
                $"{one.For} {one.ServerName} {one.AuthorityFile} {one.InsecureSkipVerify}")),
            "/shop/*  /etc/ca.pem False|/b b.example.com ./ca.pem False|/c   True" },
        { "--scrape-timeout", "2s", c => c.Timeout, TimeSpan.FromSeconds(2) },
        { "--discovery-interval", "3s", c => c.DiscoveryInterval, TimeSpan.FromSeconds(3) },
        { "--startup-time", "0s", c => c.StartupTime, TimeSpan.Zero },
        { "--max-body-bytes", "4096", c => c.MaxBodyBytes, 4096 },
        { "--max-samples-per-scrape", "11", c => c.MaxSamplesPerScrape, 11 },
        { "--max-series-per-target", "12", c => c.MaxSeriesPerTarget, 12 },
        { "--max-samples-per-series", "13", c => c.MaxSamplesPerSeries, 13 },
        { "--max-concurrent-scrapes", "14", c => c.MaxConcurrentScrapes, 14 },
        { "--max-pushed-series", "15", c => c.MaxPushedSeries, 15 },
    };

    public static TheoryData<string, string, Func<ManagerOptions, object?>, object?> ManagerCases => new()
    {
        { "--tick", "250ms", m => m.Tick, TimeSpan.FromMilliseconds(250) },
        { "--rules", "/etc/rules", m => m.RulesDirectory, "/etc/rules" },
        { "--csharp-rules", "true", m => m.CSharpRules, true },
        { "--dry-run", "true", m => m.DryRun, true },
        { "--changes-per-minute", "7", m => m.Safety.ChangesPerMinute, 7 },
        { "--max-step", "4", m => m.Safety.MaxStep, 4 },
        { "--missing-share", "40%", m => m.Safety.MissingShare, 0.4 },
        { "--missing-at-least", "5", m => m.Safety.MissingAtLeast, 5 },
        { "--missing-recovery", "2m", m => m.Safety.Recovery, TimeSpan.FromMinutes(2) },
        { "--missing-acceptance", "1h", m => m.Safety.Acceptance, TimeSpan.FromHours(1) },
        { "--attempt-timeout", "1s", m => m.AttemptTimeout, TimeSpan.FromSeconds(1) },
        { "--call-timeout", "8s", m => m.CallTimeout, TimeSpan.FromSeconds(8) },
        { "--first-retry-delay", "2s", m => m.FirstRetryDelay, TimeSpan.FromSeconds(2) },
        { "--longest-retry-delay", "9s", m => m.MaxRetryDelay, TimeSpan.FromSeconds(9) },
        { "--parallelism", "3", m => m.Parallelism, 3 },
        { "--kept-decisions", "30", m => m.KeptDecisions, 30 },
        { "--kept-decisions-per-app", "31", m => m.KeptDecisionsPerApp, 31 },
        { "--decisions-kept", "7d", m => m.KeptInTable, TimeSpan.FromDays(7) },
        { "--decisions-megabytes", "90", m => m.KeptInTableMegabytes, 90 },
        { "--otlp", "http://otel:4318", m => m.Otlp, new Uri("http://otel:4318") },
        { "--webhooks", "/etc/lcm/webhooks", m => m.WebhooksFile, "/etc/lcm/webhooks" },
        { "--history-interval", "30s", m => m.HistoryInterval, TimeSpan.FromSeconds(30) },
        { "--kept-history", "1d", m => m.KeptHistory, TimeSpan.FromDays(1) },
        { "--least-cpus", "0.05", m => m.LeastCpus, 0.05 },
        { "--least-memory", "64", m => m.LeastMemory, 64 },
        { "--stream-clients", "6", m => m.StreamClients, 6 },
    };

    public static TheoryData<string, string, Func<TargetOptions, object?>, object?> TargetCases => new()
    {
        { "--target", "nomad", t => t.Kind, TargetKind.Nomad },
        { "--target", "Kubernetes", t => t.Kind, TargetKind.Kubernetes },
        { "--target", "swarm", t => t.Kind, TargetKind.Swarm },
        { "--target-address", "unix:///var/run/d.sock", t => t.Address, new Uri("unix:///var/run/d.sock") },
        { "--target-address", "https://k:6443", t => t.Address, new Uri("https://k:6443") },
        { "--target-user", "me", t => t.User, "me" },
        { "--target-password-file", Here, t => t.PasswordFile, Here },
        { "--target-token-file", Here, t => t.TokenFile, Here },
        { "--target-ca-file", Here, t => t.CaFile, Here },
        { "--target-namespace", "*", t => t.Namespace, "*" },
        { "--target-selector", "a=b", t => t.LabelSelector, "a=b" },
    };

    [Theory(DisableDiscoveryEnumeration = true)]
    [MemberData(nameof(CollectorCases))]
    public void It_reaches_the_collector(string option, string value, Func<CollectorOptions, object?> read, object? expected) =>
        Both(option, value, (options, _) => read(options.Collector!), expected);

    [Theory(DisableDiscoveryEnumeration = true)]
    [MemberData(nameof(ManagerCases))]
    public void It_reaches_the_scaling_engine(string option, string value, Func<ManagerOptions, object?> read,
        object? expected) =>
        Both(option, value, (options, _) => read(options), expected);

    [Theory(DisableDiscoveryEnumeration = true)]
    [MemberData(nameof(TargetCases))]
    public void It_reaches_the_scaling_target(string option, string value, Func<TargetOptions, object?> read, object? expected) =>
        Both(option, value, (_, target) => read(target), expected);

    [Theory]
    [InlineData("--rabbitmq", "http://guest:hunter2@r:15672")]
    [InlineData("--metrics-credentials", "rabbitmq=guest:hunter2")]
    [InlineData("--metrics-credentials", "rabbitmq=guest@hunter2")]
    [InlineData("--metrics-tls", "/shop=ca")]
    [InlineData("--targets", "shop=h:1")]
    [InlineData("--targets", "/shop=h")]
    [InlineData("--missing-share", "0")]
    [InlineData("--target", "mesos")]
    [InlineData("--target-address", "ftp://x")]
    [InlineData("--max-step", "0")]
    [InlineData("--decisions", "zk://h:2181")]
    [InlineData("--decisions", "memory:")]
    [InlineData("--decisions", "postgres://me:hunter2@h/db")]
    [InlineData("--decisions-kept", "1s")]
    public async Task A_bad_value_is_refused_and_no_secret_is_shown(string option, string value)
    {
        var run = await Lcm.RunAsync("manager", option, value);
        Assert.Equal(1, run.Code);
        Assert.StartsWith($"lcm: {option}", Assert.Single(run.Error.Trim().Split('\n')), StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", run.Error + run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Options_that_contradict_each_other_are_one_line()
    {
        var directory = Directory.CreateTempSubdirectory("lcm-manager-").FullName;
        try
        {
            var run = await Lcm.RunAsync("manager", "--port", "0", "--work-dir", directory, "--target", "nomad",
                "--target-token-file", "/nowhere/token");
            Assert.Equal((1, "lcm: --target-token-file /nowhere/token: Could not find a part of the path '/nowhere/token'."),
                (run.Code, run.Error.Trim()));
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    [Fact]
    public void A_client_of_Kafka_is_there_and_its_library_is_not_loaded_before_a_cluster_is_asked()
    {
        Assert.IsType<KafkaClients>(Parse([], [], (options, _) => options.Collector!.Kafka));
        Assert.DoesNotContain(AppDomain.CurrentDomain.GetAssemblies(), assembly => assembly.GetName().Name == "Confluent.Kafka");
        Assert.DoesNotContain(
            Process.GetCurrentProcess().Modules.Cast<ProcessModule>(),
            module => module.ModuleName.Contains("rdkafka", StringComparison.Ordinal));
    }

    // From the command line, and from a variable.
    private static void Both(string option, string value, Func<ManagerOptions, TargetOptions, object?> read, object? expected)
    {
        Assert.NotEqual(expected, Parse([], [], read));
        Assert.Equal(expected, Parse([option, value], [], read));
        Assert.Equal(expected, Parse([], [KeyValuePair.Create(option.TrimStart('-'), (string?)value)], read));
    }

    private static object? Parse(string[] arguments, KeyValuePair<string, string?>[] given,
        Func<ManagerOptions, TargetOptions, object?> read)
    {
        var settings = new Settings(new ConfigurationBuilder().AddInMemoryCollection(given).Build());
        var command = new Command("manager");
        var manager = new ManagerSettings(command, settings, TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(15));
        var tuning = new ManagerTuning(command, settings);
        var target = new TargetSettings(command, settings);
        var parse = command.Parse(arguments);
        Assert.Empty(parse.Errors);
        return read(tuning.Apply(parse, manager.Options(parse, [Scheduler], [], new Uri("http://m:8090"))),
            target.Options(parse));
    }
}
