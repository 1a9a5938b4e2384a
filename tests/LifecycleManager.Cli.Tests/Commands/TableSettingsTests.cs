using System.CommandLine;
using LifecycleManager.Cli.Commands;
using LifecycleManager.Cli.Configuration;
using LifecycleManager.Manager;
using Microsoft.Extensions.Configuration;

namespace LifecycleManager.Cli.Tests.Commands;

public sealed class TableSettingsTests
{
    private const string Postgres = "postgres://me@h:5432/db?schema=a";

    public static TheoryData<string, string?, string?, bool> Cases => new()
    {
        // Beside the state, where all managers of it see the same.
        { "sqlite:/var/lib/lcm/state.db", null, "sqlite:/var/lib/lcm/state-decisions.db", true },
        { Postgres, null, Postgres, true },
        { "zk://h:2181/lcm", null, "sqlite:/work/manager/decisions.db", false },
        { "memory:", null, null, false },
        { Postgres, "none", null, false },
        { "zk://h:2181/lcm", Postgres, Postgres, true },
        { "zk://h:2181/lcm", "sqlite:/d.db", "sqlite:/d.db", false },
        { "sqlite:/var/lib/lcm/state.db", "sqlite:/d.db", "sqlite:/d.db", true },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void The_table_is_beside_the_state_or_where_it_is_wanted(
        string state, string? stated, string? address, bool areShared)
    {
        var options = Options(state, stated);
        Assert.Equal((address, areShared), (options?.Address, options?.AreShared ?? false));
    }

    [Theory]
    [InlineData(Postgres, null, "p")]
    [InlineData(Postgres, "postgres://me@other/db", "p")]
    [InlineData("zk://h:2181/lcm", "postgres://me@other/db", null)]
    public void The_password_of_PostgreSql_goes_to_PostgreSql_alone(string state, string? stated, string? password) =>
        Assert.Equal(password, Options(state, stated)!.Password);

    private static TableOptions? Options(string state, string? stated)
    {
        var command = new Command("manager");
        var tables = new TableSettings(command, new Settings(new ConfigurationBuilder().Build()));
        var parse = command.Parse(stated is null ? [] : ["--decisions", stated]);
        Assert.Empty(parse.Errors);
        return tables.Options(parse, state, "p", "/work/manager");
    }
}
