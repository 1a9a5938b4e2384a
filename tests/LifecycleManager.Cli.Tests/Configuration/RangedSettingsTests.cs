using System.CommandLine;
using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Reflection;
using System.Xml.Linq;
using LifecycleManager.Agent;
using LifecycleManager.Cli.Configuration;
using LifecycleManager.Manager;
using LifecycleManager.Master;
using LifecycleManager.Metrics;
using LifecycleManager.Primitives.Timing;
using LifecycleManager.Scaling.Safety;
using LifecycleManager.Scheduler;
using Microsoft.Extensions.Configuration;

namespace LifecycleManager.Cli.Tests.Configuration;

/// <summary>A role's options declare their ranges, by attribute and comment, and the command line enforces them.</summary>
public sealed class RangedSettingsTests
{
    private static readonly Settings NoSettings = new(new ConfigurationBuilder().Build());
    private static readonly Type[] Measures = [typeof(TimeSpan), typeof(int), typeof(long), typeof(double)];

    /// <summary>Ports have a notation of their own.</summary>
    private static readonly string[] Others = ["Port"];

    private static readonly object[] Roles =
    [
        new AgentOptions { WorkDirectory = "" }, new MasterOptions(), new SchedulerOptions(), new ManagerOptions(),
        new CollectorOptions { Scheduler = null }, new SafetyOptions(),
    ];

    public static TheoryData<string> Properties =>
        [.. Roles.SelectMany(options => options.GetType().GetProperties())
            .Where(property => Measures.Contains(Measure(property)) && !Others.Contains(property.Name))
            .Select(property => $"{property.DeclaringType!.FullName}.{property.Name}")];

    [Theory]
    [MemberData(nameof(Properties))]
    public void A_property_declares_its_range_and_its_comment_says_it(string name)
    {
        var (options, property) = Find(name);
        var range = property.GetCustomAttribute<RangeAttribute>();
        Assert.NotNull(range);
        Assert.True(range.IsValid(property.GetValue(options)), "its default");
        var said = $"From {Text(property, range.Minimum)} to {Text(property, range.Maximum)}.";
        Assert.EndsWith(said, Comment(property), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--time", "1s", "1h", "999ms", "3601s")]
    [InlineData("--perhaps-time", "1s", "1h", "999ms", "3601s")]
    [InlineData("--count", "2", "5", "1", "6")]
    [InlineData("--perhaps-count", "2", "5", "1", "6")]
    [InlineData("--share", "0.1", "90%", "0.09", "91%")]
    [InlineData("--size", "64KB", "1MB", "63KB", "1025KB")]
    public void Both_ends_of_a_range_are_in_it_and_what_is_beyond_is_refused(
        string option, string min, string max, string below, string above)
    {
        foreach (var inside in (string[])[min, max]) Assert.Empty(Command().Parse($"{option}={inside}").Errors);
        foreach (var beyond in (string[])[below, above])
            Assert.Contains(option, Assert.Single(Command().Parse($"{option}={beyond}").Errors).Message);
    }

    [Fact]
    public void A_property_without_a_range_is_a_defect_that_shows_at_once() =>
        Assert.Throws<InvalidOperationException>(
            () => new RangedSettings<Sample>(NoSettings, new Sample()).Count("--free", "", nameof(Sample.Free)));

    private static Command Command()
    {
        var options = new RangedSettings<Sample>(NoSettings, new Sample());
        return new Command("sample")
        {
            options.Time("--time", "", nameof(Sample.Time)),
            options.OptionalTime("--perhaps-time", "", nameof(Sample.PerhapsTime), "none"),
            options.Count("--count", "", nameof(Sample.Count)),
            options.OptionalCount("--perhaps-count", "", nameof(Sample.PerhapsCount), "none"),
            options.Number("--share", "", nameof(Sample.Share)),
            options.Size("--size", "", nameof(Sample.Size)),
        };
    }

    private static (object Options, PropertyInfo Property) Find(string name)
    {
        var dot = name.LastIndexOf('.');
        var options = Roles.Single(options => options.GetType().FullName == name[..dot]);
        return (options, options.GetType().GetProperty(name[(dot + 1)..])!);
    }

    private static Type Measure(PropertyInfo property) =>
        Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;

    private static string Text(PropertyInfo property, object limit)
    {
        var text = Convert.ToString(limit, CultureInfo.InvariantCulture)!;
        return Measure(property) == typeof(TimeSpan) ? DurationText.Format(TimeSpan.Parse(text, CultureInfo.InvariantCulture))
            : Measure(property) == typeof(long) ? Values.FormatSize(long.Parse(text, CultureInfo.InvariantCulture)) : text;
    }

    /// <summary>The summary of a property, as the compiler writes it beside the assembly.</summary>
    private static string Comment(PropertyInfo property)
    {
        var file = XDocument.Load(Path.ChangeExtension(property.DeclaringType!.Assembly.Location, ".xml"));
        var id = $"P:{property.DeclaringType.FullName}.{property.Name}";
        var member = file.Descendants("member").Single(member => (string?)member.Attribute("name") == id);
        return string.Join(' ', member.Element("summary")!.Value.Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries));
    }

    private sealed record Sample
    {
        [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
        public TimeSpan Time { get; init; } = TimeSpan.FromSeconds(2);

        [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
        public TimeSpan? PerhapsTime { get; init; }

        [Range(2, 5)]
        public int Count { get; init; } = 3;

        [Range(2, 5)]
        public int? PerhapsCount { get; init; }

        [Range(0.1, 0.9)]
        public double Share { get; init; } = 0.5;

        [Range(typeof(long), "65536", "1048576")]
        public long Size { get; init; } = 1 << 17;

        public int Free { get; init; }
    }
}
