using LifecycleManager.Decisions.Tools;

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
            .Where(file => !file.EndsWith(".test.yml", StringComparison.Ordinal)),
            file => Assert.True(File.Exists(Path.ChangeExtension(file, ".test.yml")), file));
}
