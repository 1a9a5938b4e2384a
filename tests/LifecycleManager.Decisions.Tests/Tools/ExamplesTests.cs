using LifecycleManager.Decisions.Tools;
using Microsoft.Extensions.Time.Testing;

namespace LifecycleManager.Decisions.Tests.Tools;

public sealed class ExamplesTests
{
    private static string Rules => Path.Combine(AppContext.BaseDirectory, "rules");

    [Fact]
    public void Every_example_policy_passes_its_test_file()
    {
        var (output, error) = (new StringWriter(), new StringWriter());
        var code = PolicyTest.Run([Rules], output, error);
        Assert.True(code == 0, output.ToString() + error);
    }

    [Fact]
    public void Every_example_policy_has_a_test_file() =>
        Assert.All(
            Directory.EnumerateFiles(Rules, "*.yml", SearchOption.AllDirectories)
            .Where(file => !file.EndsWith(".test.yml", StringComparison.Ordinal) && Path.GetFileName(file) != "jobs.yml"),
            file => Assert.True(File.Exists(Path.ChangeExtension(file, ".test.yml")), file));

    [Fact]
    public void The_example_schedules_fire_when_they_say()
    {
        var (output, error) = (new StringWriter { NewLine = "\n" }, new StringWriter());
        var time = new FakeTimeProvider(new DateTimeOffset(2026, 12, 24, 12, 0, 0, TimeSpan.Zero));
        Assert.Equal(0, PolicyCheck.Run([Path.Combine(Rules, "examples/jobs.yml")], CheckFormat.Text, strict: true, output,
            error, time: time));
        // Friday the 25th is Christmas.
        Assert.Equal("""
            0 policies, 4 schedules in 1 file: 0 errors, 0 warnings
            nightly reports: 20 of /examples/reports/worker next at Mon 2026-12-28 01:00:00 (Europe/Berlin)
            last Friday of the month: at least 6 of /examples/billing/* next at Fri 2027-01-29 18:00:00 (Europe/Berlin)
            each sixth hour: 4 of /examples/search/index next at Thu 2026-12-24 18:00:00 (UTC)
            the last night of the century: 12 to 40 of /examples/shop/web next at Thu 2099-12-31 20:00:00 (Europe/London)

            """, output.ToString());
        Assert.Empty(error.ToString());
    }
}
