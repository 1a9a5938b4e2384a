using System.Globalization;
using System.Reflection;
using System.Runtime.InteropServices;
using LifecycleManager.Benchmarks.Quality.Autoscalers;
using LifecycleManager.Benchmarks.Quality.Service;
using LifecycleManager.Decisions.Tools;

namespace LifecycleManager.Benchmarks.Quality;

/// <summary>
/// How good decisions are: seeded workloads through the decision engine, and through models of what else there is, over one
/// simulated service. The same seed gives the same figures on any machine.
/// </summary>
internal static class QualityBenchmark
{
    /// <summary>The app that is simulated.</summary>
    public const string App = "/shop/web";

    /// <summary>What the template that is written by default is called in the report.</summary>
    public const string Template = "lcm policy init";

    /// <summary>The text that <c>lcm policy init</c> writes where no kind is named.</summary>
    public static string DefaultTemplate
    {
        get
        {
            var (output, error) = (new StringWriter(), new StringWriter());
            return PolicyInit.Run(App, PolicyInit.DefaultKind, null, output, error) == 0 ? output.ToString()
                : throw new InvalidOperationException(error.ToString());
        }
    }

    /// <summary>Runs all, and writes table and chart.</summary>
    /// <param name="output">Gets the table.</param>
    /// <param name="arguments">
    /// A seed; a file that ends in .svg, for the chart; files that end in .yml, policies for /shop/web to compare.
    /// </param>
    public static void Run(TextWriter output, string[] arguments)
    {
        try
        {
            Measure(output, arguments);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or FormatException or OverflowException)
        {
            System.Console.Error.WriteLine(e.Message);
            Environment.ExitCode = ExitCodes.Failed;
        }
    }

    private static void Measure(TextWriter output, string[] arguments)
    {
        if (arguments.FirstOrDefault(one => !IsKnown(one)) is { } unknown)
            throw new FormatException($"'{unknown}' is no seed, and no file that ends in .svg or .yml");
        var seed = arguments.Where(one => one.All(char.IsAsciiDigit)).Select(one => int.Parse(one, CultureInfo.InvariantCulture))
            .DefaultIfEmpty(1).First();
        var (chart, policies) = (arguments.FirstOrDefault(one => one.EndsWith(".svg", StringComparison.Ordinal)),
            arguments.Where(one => one.EndsWith(".yml", StringComparison.Ordinal)).ToList());
        var (model, workloads) = (new ServiceModel(), Workload.All(seed));
        var results = new List<QualityResult>();
        output.WriteLine($"Seed {seed}, {Version}, {RuntimeInformation.OSDescription} {RuntimeInformation.ProcessArchitecture}, "
            + $"{Environment.ProcessorCount} processors, {RuntimeInformation.FrameworkDescription}");
        output.WriteLine();
        foreach (var workload in workloads)
        {
            results.AddRange(Autoscalers(workload, model, seed, policies).AsParallel().AsOrdered()
                .Select(autoscaler => QualityRun.Of(workload, autoscaler, model, seed)));
        }

        QualityReport.Table(results, output);
        if (chart is null) return;
        File.WriteAllText(chart, QualityReport.Chart(workloads, results, [Template, "Kubernetes HPA"], model));
        output.WriteLine();
        output.WriteLine($"chart: {chart}");
    }

    private static bool IsKnown(string argument) => argument.All(char.IsAsciiDigit)
        || argument.EndsWith(".svg", StringComparison.Ordinal) || argument.EndsWith(".yml", StringComparison.Ordinal);

    private static IEnumerable<IAutoscaler> Autoscalers(
        Workload workload, ServiceModel model, int seed, IReadOnlyList<string> policies) =>
    [
        new PolicyAutoscaler(Template, DefaultTemplate, App),
        .. policies.Select(file => new PolicyAutoscaler(Path.GetFileName(file), File.ReadAllText(file), App)),
        new HpaAutoscaler(model, seed),
        new HpaAutoscaler(model, seed, hasBehavior: false),
        new KedaAutoscaler(model, seed),
        new NomadAutoscaler(model, isThreshold: false),
        new NomadAutoscaler(model, isThreshold: true),
        new MarathonAutoscaler(model),
        new StaticPeak(model.Needed(workload.Peak)),
    ];

    private static string Version => typeof(PolicyInit).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()
        ?.InformationalVersion ?? "no version";
}
