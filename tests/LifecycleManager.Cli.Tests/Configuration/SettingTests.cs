using System.CommandLine;
using LifecycleManager.Cli.Configuration;
using Microsoft.Extensions.Configuration;

namespace LifecycleManager.Cli.Tests.Configuration;

public sealed class SettingTests
{
    [Fact]
    public void The_command_line_wins_over_the_settings_and_they_win_over_the_default()
    {
        Assert.Equal(1, Parse([]).Value);
        Assert.Equal(2, Parse([], ("port", "2")).Value);
        Assert.Equal(3, Parse(["--port", "3"], ("port", "2")).Value);
    }

    [Theory]
    [InlineData("70000")]
    [InlineData("-1")]
    [InlineData("http")]
    public void A_bad_value_is_an_error_that_says_where_it_was_said_and_what_is_needed(string value)
    {
        var (_, errors) = Parse(["--port", value]);
        Assert.Contains($"--port {value}: a port from 0", Assert.Single(errors), StringComparison.Ordinal);

        (_, errors) = Parse([], ("port", value));
        Assert.Contains($"appsettings.json \"port\" {value}: a port from 0", Assert.Single(errors), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("true", true)]
    [InlineData("on", true)]
    [InlineData("0", false)]
    public void A_flag_is_read_from_the_settings_too(string value, bool expected)
    {
        var option = Setting.Flag(Settings(("demo", value)), "--demo", "");
        var command = new Command("up") { option };

        Assert.Equal(expected, command.Parse([]).GetValue(option));
        Assert.True(command.Parse(["--demo"]).GetValue(option));
    }

    [Fact]
    public void An_option_that_is_not_known_is_an_error() =>
        Assert.NotEmpty(new Command("up").Parse(["--nonsense"]).Errors);

    private static (int Value, string[] Errors) Parse(string[] args, params (string, string)[] settings)
    {
        var option = Setting.Of(Settings(settings), "--port", "", Values.Port, () => 1);
        var result = new Command("up") { option }.Parse(args);
        var value = result.Errors.Count == 0 ? result.GetValue(option) : 0;
        return (value, [.. result.Errors.Select(error => error.Message)]);
    }

    private static Settings Settings(params (string Name, string Value)[] values) => new(new ConfigurationBuilder()
        .AddInMemoryCollection(values.Select(value => KeyValuePair.Create(value.Name, (string?)value.Value))).Build());
}
