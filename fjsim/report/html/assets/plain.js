// A page of tables and drawings: tables that sort, and the theme.
page.startTheme();
page.startTables();
document.documentElement.dataset.ready = "yes";
