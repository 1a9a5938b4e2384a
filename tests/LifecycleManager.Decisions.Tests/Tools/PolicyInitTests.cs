using System.Text.Json;
using LifecycleManager.Decisions.Tools;

namespace LifecycleManager.Decisions.Tests.Tools;

public sealed class PolicyInitTests
{
    public static TheoryData<string> Kinds() => [.. PolicyInit.Kinds];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Each_kind_is_a_good_policy_with_a_test_that_passes(string kind)
    {
        var directory = Directory.CreateTempSubdirectory("init").FullName;
        try
        {
            var file = Path.Combine(directory, "p.yml");
            Assert.Equal(0, PolicyInit.Run("/shop/search", kind, file, TextWriter.Null, TextWriter.Null));
            var (output, error) = (new StringWriter(), new StringWriter());
            Assert.True(PolicyCheck.Run([file], CheckFormat.Text, strict: true, output, error) == 0, output.ToString() + error);
            Assert.True(PolicyTest.Run([directory], output, error) == 0, output.ToString() + error);
            Assert.True(PolicyFmt.Run([directory], check: true, output, error) == 0, output.ToString() + error);
            Assert.Equal(2, PolicyInit.Run("/shop/search", kind, file, TextWriter.Null, TextWriter.Null));
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    [Theory]
    [InlineData("shop", "target", "'shop' is not an absolute app id")]
    [InlineData("/shop", "targt", "did you mean 'target'?")]
    public void Bad_arguments_are_named(string app, string kind, string message)
    {
        var error = new StringWriter();
        Assert.Equal(2, PolicyInit.Run(app, kind, null, TextWriter.Null, error));
        Assert.Contains(message, error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void The_schema_is_json()
    {
        var output = new StringWriter();
        Assert.Equal(0, PolicySchemaTool.Run(output));
        Assert.Equal("LifecycleManager policy", JsonDocument.Parse(output.ToString()).RootElement.GetProperty("title")
            .GetString());
    }
}
